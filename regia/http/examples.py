"""Contacts as programs and apps hand them over: the examples of the API description. Tests post every one of them."""

from typing import Any, Final

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "in_app": {
        "summary": "The app's user writes: who it is stands in the user's token.",
        "value": {
            "text": "Il pagamento non va a buon fine",
            "page": {"url": "https://app.example/checkout", "title": "Checkout"},
            "external_id": "local-77",
        },
    },
    "visit": {
        "summary": "A customer came into a shop.",
        "value": {
            "kind": "visit",
            "sender": {"handle": {"kind": "phone", "value": "333 1234567"}, "name": "Anna Bianchi"},
            "visit": {
                "shop": "milano-duomo",
                "colleague": "Giulia",
                "reason": "return",
                "products": ["PAN-28", "PAN-24"],
                "outcome": "refunded",
            },
        },
    },
    "form": {
        "summary": "A form that was filled in; its fields are declared in the connector's settings.",
        "value": {
            "kind": "form",
            "sender": {"handle": {"kind": "email", "value": "anna@example.it"}},
            "form": {"id": "warranty", "name": "Registra la garanzia"},
            "fields": {"serial": "SN-2231", "bought_on": "2026-11-20"},
            "page": {"url": "https://app.example/warranty"},
        },
    },
    "call": {
        "summary": "A call was taken at the phone desk.",
        "value": {
            "kind": "call",
            "sender": {"handle": {"kind": "phone", "value": "+393331234567"}},
            "text": "Chiede della garanzia",
            "call": {"state": "answered", "duration": 95},
        },
    },
}
