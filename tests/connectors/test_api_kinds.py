"""Visits to a shop and forms of an app: where what they say stands in a contact, and what is asked of them."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.errors import Rejected
from normalizer.inbound import FieldValue, InboundMessage
from regia.http.examples import EXAMPLES
from tests.connectors.app_users import ARRIVED, api, post, sign

ANNA = {"handle": {"kind": "phone", "value": "+393331234567"}}
FIELDS = {
    "reason": {"type": "choice", "choices": ["return", "advice"]},
    "products": {"type": "text", "pattern": "[A-Z]+-[0-9]+"},
    "serial": {"max_length": 20},
    "bought_on": {"type": "date"},
}
FORMS = {"warranty": {"name": "Registra la garanzia", "required": ["serial", "bought_on"]}, "newsletter": {}}


def only(body: dict[str, Any], **changed: Any) -> InboundMessage:
    (message,) = api(**changed).parse(post({"sender": ANNA, **body})).messages
    return message


def refused(body: dict[str, Any], **changed: Any) -> dict[str, str]:
    with pytest.raises(Rejected) as caught:
        only(body, **changed)
    assert caught.value.code == "invalid_fields"
    return caught.value.fields


WHOLE: dict[str, FieldValue] = {
    "shop": "milano-duomo",
    "colleague": "Giulia",
    "reason": "return",
    "products": ["PAN-28", "PAN-24"],
    "outcome": "refunded",
}
SAID: list[tuple[dict[str, Any], dict[str, Any], dict[str, FieldValue]]] = [
    ({"kind": "visit", "visit": WHOLE}, {}, WHOLE),
    ({"kind": "visit", "visit": WHOLE}, {"fields": FIELDS}, WHOLE),
    ({"kind": "visit", "visit": {"outcome": "sold"}}, {}, {"outcome": "sold"}),
    ({"kind": "visit", "visit": {"products": ["Padella 28"]}}, {}, {"products": ["Padella 28"]}),
    ({"kind": "visit", "text": "Reso", "visit": {"shop": "roma"}}, {}, {"shop": "roma"}),
    (
        {"kind": "visit", "visit": {"reason": "advice"}, "fields": {"bought_on": "3/6/2026"}},
        {"fields": FIELDS},
        {"reason": "advice", "bought_on": "2026-06-03"},
    ),
    (
        {"kind": "visit", "visit": {"reason": "advice"}},
        {"fields": {"reason": {"required": True}}},
        {"reason": "advice"},
    ),
    (
        {"kind": "form", "form": {"id": "warranty"}, "fields": {"serial": 2231, "bought_on": "2026-11-20"}},
        {"fields": FIELDS, "forms": FORMS},
        {"form": "warranty", "form_name": "Registra la garanzia", "serial": "2231", "bought_on": "2026-11-20"},
    ),
    (
        {"kind": "form", "form": {"id": "newsletter", "name": "Novità"}, "text": "Sì"},
        {"fields": FIELDS, "forms": FORMS},
        {"form": "newsletter", "form_name": "Novità"},
    ),
    ({"kind": "form", "form": {"id": "Any form 7"}, "text": "Sì"}, {}, {"form": "Any form 7"}),
    ({"kind": "form", "text": "Sì"}, {"fields": FIELDS, "forms": FORMS}, {}),
]


@pytest.mark.parametrize(("body", "settings", "fields"), SAID)
def test_what_it_says_stands_in_fields(body: dict[str, Any], settings: dict[str, Any], fields: dict[str, FieldValue]) -> None:
    message = only(body, **settings)
    assert (message.kind, message.fields) == (body["kind"], fields)
    assert json.loads(message.raw)["kind"] == body["kind"]


WRONG: list[tuple[dict[str, Any], dict[str, Any], set[str]]] = [
    ({"kind": "visit"}, {}, {"body"}),
    ({"kind": "visit", "visit": {"shop": "roma", "colleague": "Giulia"}}, {}, {"body"}),
    ({"kind": "visit", "visit": {"reason": "theft"}}, {"fields": FIELDS}, {"visit.reason"}),
    ({"kind": "visit", "visit": {"products": ["PAN-28", "pan"]}}, {"fields": FIELDS}, {"visit.products"}),
    ({"kind": "visit", "visit": {"reason": "", "products": ["a", "b\n"]}}, {}, {"visit.reason", "visit.products.1"}),
    ({"kind": "visit", "visit": {"basket": 3, "products": "PAN-28"}}, {}, {"visit.basket", "visit.products"}),
    ({"kind": "visit", "visit": {"outcome": "sold", "products": ["a"] * 51}}, {}, {"visit.products"}),
    (
        {"kind": "visit", "visit": {"reason": "return"}, "fields": {"reason": "advice", "shop": "roma"}},
        {"fields": FIELDS},
        {"fields.reason", "fields.shop"},
    ),
    ({"kind": "text", "text": "Ciao", "visit": {"reason": "x"}, "form": {"id": "y"}}, {}, {"visit", "form"}),
    ({"kind": "form", "form": {"id": "other"}, "text": "Sì"}, {"fields": FIELDS, "forms": FORMS}, {"form.id"}),
    ({"kind": "form", "form": {"name": "Garanzia"}, "text": "Sì"}, {}, {"form.id"}),
    (
        {"kind": "form", "form": {"id": "warranty"}, "fields": {"serial": " ", "bought_on": "ieri"}},
        {"fields": FIELDS, "forms": FORMS},
        {"fields.serial", "fields.bought_on"},
    ),
    (
        {"kind": "form", "form": {"id": "warranty"}, "text": "Sì"},
        {"fields": FIELDS, "forms": FORMS},
        {"fields.serial", "fields.bought_on"},
    ),
    (
        {"kind": "visit", "visit": {"reason": "x"}, "channel": "fax", "txt": 1},
        {"fields": {"reason": {"required": True}, "order": {"required": True}}},
        {"channel", "txt", "fields.order"},
    ),
]


@pytest.mark.parametrize(("body", "settings", "names"), WRONG)
def test_what_must_be_corrected(body: dict[str, Any], settings: dict[str, Any], names: set[str]) -> None:
    problems = refused(body, **settings)
    assert problems.keys() == names
    assert all(problems.values())


def test_an_answer_to_a_visit_goes_where_the_customer_said() -> None:
    mail = {"kind": "email", "value": "anna@example.it"}
    body = {"kind": "visit", "visit": {"reason": "return"}, "sender": {"claims": [mail]}}
    (message,) = api().parse(post(body, user_token=sign())).messages
    assert message.reply.via is not None
    assert (message.reply.via.value, message.sent_at) == ("anna@example.it", ARRIVED)


def test_forms_ask_for_declared_fields_only() -> None:
    with pytest.raises(ValidationError, match="not declared: serial"):
        api(forms={"warranty": {"required": ["serial"]}})


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_the_api_description_are_taken(name: str) -> None:
    request = post(EXAMPLES[name]["value"], **({"user_token": sign()} if name == "in_app" else {}))
    (message,) = api(fields=FIELDS, forms=FORMS).parse(request).messages
    assert message.kind == EXAMPLES[name]["value"].get("kind", "text")
