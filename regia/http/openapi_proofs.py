"""The description of how addresses are proven."""

from typing import Any, Final, get_args

from pydantic import BaseModel

from identity.links import Outcome
from identity.merging import Guard
from regia.http.bodies import AnswerBody, LinkBody, ProofBody
from regia.http.described import answer, operation, parameter, plain

BODIES: Final[tuple[type[BaseModel], ...]] = (ProofBody, AnswerBody, LinkBody)


def paths() -> dict[str, Any]:
    """The addresses of proofs."""
    customer, token = [parameter("id")], [parameter("token")]
    asked = {"202": answer("Its message is on its way to the address, and nowhere else.", _asked())}
    proved = {"200": answer("What came of it.", _proved())}
    return {
        "/v1/customers/{id}/proofs": {
            "post": operation(
                "Send a code or a link to an address that a customer says is theirs.",
                asked,
                parameters=customer,
                body="ProofBody",
                secured=True,
            )
        },
        "/v1/proofs/{id}": {
            "post": operation("The code that the customer typed.", proved, parameters=customer, body="AnswerBody", secured=True)
        },
        "/v1/customers/{id}/links": {
            "post": operation(
                "A person of yours says whose an address is.", proved, parameters=customer, body="LinkBody", secured=True
            )
        },
        "/proof/{token}": {
            "get": operation("The page behind a link. It proves nothing.", plain("The page."), parameters=token),
            "post": operation("Its button: the address is proven.", plain("The page that thanks."), parameters=token),
        },
    }


def _asked() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["id", "expires_at"],
        "properties": {
            "id": {"type": "string", "description": "The proof's id, for the answer."},
            "expires_at": {"type": "string", "format": "date-time"},
        },
    }


def _proved() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["customer", "link", "outcome", "guard"],
        "properties": {
            "customer": {"type": "string", "description": "Whose the address is now."},
            "link": {"type": "string", "description": "The id of the link."},
            "outcome": {"type": "string", "enum": list(get_args(Outcome))},
            "guard": {"type": ["string", "null"], "enum": [*get_args(Guard), None], "description": "What stopped a merge."},
        },
    }
