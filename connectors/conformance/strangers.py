"""What strangers try: other methods, headers of a proxy, and tests of the address that prove nothing."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl, urlencode

from connectors.base import Request
from connectors.conformance.bodies import FORM
from connectors.conformance.check import CANARY, Check, contact, require, secrets_of, trying
from connectors.conformance.signing import OTHER, refused, signed_with, value_of
from connectors.conformance.subject import ARRIVED, Subject
from connectors.errors import Rejected
from connectors.kit.place import JSON

_URL: Final = "https://gw.example/webhooks/any"
_CLAIMS: Final[Mapping[str, str]] = {
    "x-forwarded-for": "127.0.0.1",
    "x-real-ip": "127.0.0.1",
    "forwarded": "for=127.0.0.1;host=localhost;proto=https",
    "x-client-ip": "127.0.0.1",
    "true-client-ip": "127.0.0.1",
    "cf-connecting-ip": "127.0.0.1",
    "x-originating-ip": "127.0.0.1",
    "x-forwarded-host": "localhost",
    "host": "localhost",
    "x-forwarded-user": "admin",
    "x-remote-user": "admin",
    "x-http-method-override": "GET",
    "x-internal": "1",
    "x-debug": "1",
}
"""Headers that anybody can write."""


def _unproven(subject: Subject) -> Iterator[tuple[str, Request]]:
    """The delivery without its proof, and with one of another secret."""
    good = subject.request(contact(subject))
    yield "without a signature", signed_with(subject, good, None)
    yield "signed with another secret", signed_with(subject, good, value_of(subject, subject.sign(good.body, OTHER, ARRIVED)))


def every_method_needs_its_signature(subject: Subject) -> None:
    """What comes by GET is a delivery too: a rule for POST alone leaves the door open."""
    for method in sorted(subject.connector().methods):
        for what, request in _unproven(subject):
            refused(subject, replace(request, method=method), f"{method} {what}")
            query = {**dict(parse_qsl(request.body.decode("ascii", "replace"))), **request.query}
            bare = replace(request, method=method, query=query, url=f"{_URL}?{urlencode(query)}", body=b"")
            refused(subject, bare, f"{method} with its fields in the address, {what}")


def what_a_proxy_says_proves_nothing(subject: Subject) -> None:
    """Headers that tell of a proxy or of our own network are written by anybody."""
    for what, request in _unproven(subject):
        for name, value in _CLAIMS.items():
            refused(subject, replace(request, headers={**request.headers, name: value}), f"{what}, but with {name}")
        refused(subject, replace(request, headers={**request.headers, **_CLAIMS}), f"{what}, but with all such headers")


def a_wrong_token_gets_no_challenge_answered(subject: Subject) -> None:
    """Whoever has no right to it hears nothing of a challenge again, neither by GET nor by POST."""
    for question in _questions(subject):
        connector = subject.connector()
        with trying("a challenge with a wrong token"):
            try:
                answer = connector.handshake(question)
            except Rejected as rejected:
                require(CANARY not in rejected.detail, "the refusal of a challenge repeats it")
                continue
        where = "in the body" if question.body else f"in {' and '.join(question.query)}"
        told = answer is not None and CANARY.encode() in answer.body
        require(not told, f"{question.method} with a challenge {where} was answered, although nothing proved it")


def _questions(subject: Subject) -> Iterator[Request]:
    """Tests of the address as providers make them, with everything but the token or the signature."""
    for wrong in ("", "wrong", *(secret[:-1] for secret in sorted(secrets_of(subject)))):
        stamped = {"timestamp": str(int(ARRIVED.timestamp())), "nonce": "1320562132"}
        for query in (
            {"challenge": CANARY},
            {"challenge": CANARY, "token": wrong, "verify_token": wrong},
            {"hub.mode": "subscribe", "hub.challenge": CANARY},
            {"hub.mode": "subscribe", "hub.challenge": CANARY, "hub.verify_token": wrong},
            {"echostr": CANARY},
            {"echostr": CANARY, "signature": wrong, **stamped},
            {"echostr": CANARY, "msg_signature": wrong, **stamped},
            {"crc_token": CANARY},
            {"validationToken": CANARY},
        ):
            for method in ("GET", "POST"):
                yield _request(method, query, b"", "text/plain")
        posted = {"challenge": CANARY, "token": wrong, "verify_token": wrong, "type": "url_verification"}
        for body in (posted, {"challenge": CANARY}, {**posted, "event": "challenge"}):
            yield _request("POST", {}, json.dumps(body).encode(), JSON)
            yield _request("POST", {}, urlencode(body).encode(), FORM)


def _request(method: str, query: Mapping[str, str], body: bytes, content_type: str) -> Request:
    headers = {"content-type": content_type}
    url = f"{_URL}?{urlencode(query)}" if query else _URL
    return Request(method=method, url=url, headers=headers, query=query, body=body, received_at=ARRIVED)


STRANGERS: Final[tuple[Check, ...]] = (
    Check(every_method_needs_its_signature),
    Check(what_a_proxy_says_proves_nothing),
    Check(a_wrong_token_gets_no_challenge_answered),
)
