"""Who may speak: only requests that prove to be the provider's, by the bytes as they came."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from types import FrameType
from typing import Any, Final

from connectors.base import Parsed, Request
from connectors.conformance.bodies import is_json
from connectors.conformance.check import Check, contact, outcome, require, trying
from connectors.conformance.subject import ARRIVED, Subject
from connectors.errors import Rejected

OTHER: Final = "another-secret-of-nobody-0123456789"
UNAUTHORISED: Final = 401
_GARBAGE: Final = (
    "=",
    "sha256=",
    "sha256=zz",
    "sha1=00",
    "sha256=" + "0" * 64,
    "0" * 64,
    "v1,AAAA",
    "Basic Og==",
    "è" * 71,
    "\udcff\udcfe",
    "a" * 100_000,
    "\x00",
)
_COMPARING: Final = frozenset({"compare_digest", "_compare_digest"})


def value_of(subject: Subject, request: Request) -> str:
    """What proves the request, wherever the provider puts it."""
    key = subject.signature.lower()
    return request.headers[key] if key in request.headers else request.query[subject.signature]


def signed_with(subject: Subject, request: Request, value: str | None) -> Request:
    """The request with another proof, or with none."""

    def changed(held: Mapping[str, str], key: str) -> dict[str, str]:
        rest = {name: given for name, given in held.items() if name != key}
        return rest if value is None else {**rest, key: value}

    key = subject.signature.lower()
    if key in request.headers:
        return replace(request, headers=changed(request.headers, key))
    return replace(request, query=changed(request.query, subject.signature))


def _good(subject: Subject) -> Request:
    return subject.request(contact(subject))


def refused(subject: Subject, request: Request, what: str, code: str | None = None) -> None:
    """It must be refused, with 401, and nothing of it kept."""
    found = outcome(subject, request, what)
    require(isinstance(found, Rejected), f"{what}: accepted")
    if isinstance(found, Rejected):
        require(found.status == UNAUTHORISED, f"{what}: refused with {found.status} {found.code}, not with 401")
        require(code is None or found.code == code, f"{what}: refused with {found.code}, not with {code}")


def a_good_delivery_is_accepted(subject: Subject) -> None:
    """The sample with a plain contact, signed as the provider signs, gives that contact."""
    found = outcome(subject, _good(subject), "a good delivery")
    require(isinstance(found, Parsed), "a good delivery: refused")


def a_missing_signature_is_refused(subject: Subject) -> None:
    """Without its proof a request is anybody's."""
    refused(subject, signed_with(subject, _good(subject), None), "without a signature", "signature_missing")


def an_empty_signature_is_refused(subject: Subject) -> None:
    """An empty header is no proof."""
    refused(subject, signed_with(subject, _good(subject), ""), "with an empty signature")


def garbage_for_a_signature_is_refused(subject: Subject) -> None:
    """Texts that are no signature, also those outside ASCII and very long ones, are refused and raise nothing else."""
    for garbage in _GARBAGE:
        refused(subject, signed_with(subject, _good(subject), garbage), f"with the signature {garbage[:12]!r}")


def a_part_of_the_signature_is_refused(subject: Subject) -> None:
    """The beginning of a good signature, or one with something behind it, is none."""
    good = _good(subject)
    value = value_of(subject, good)
    for text, what in ((value[:-1], "cut"), (value[: len(value) // 2], "halved"), (value + "0", "lengthened")):
        refused(subject, signed_with(subject, good, text), f"with a signature that is {what}")


def two_signatures_in_one_are_refused(subject: Subject) -> None:
    """A proxy that joins two headers by a comma must not make a bad one good."""
    good = _good(subject)
    bad = value_of(subject, subject.sign(good.body, OTHER, ARRIVED))
    refused(subject, signed_with(subject, good, f"{bad}, {value_of(subject, good)}"), "with two signatures in one header")


def another_secret_is_refused(subject: Subject) -> None:
    """A request signed with a secret that is not ours."""
    refused(subject, subject.sign(contact(subject), OTHER, ARRIVED), "signed with another secret", "signature_wrong")


def another_body_is_refused(subject: Subject) -> None:
    """A signature belongs to its body."""
    good = _good(subject)
    refused(subject, replace(good, body=good.body + b" "), "with a longer body", "signature_wrong")
    refused(subject, replace(good, body=b""), "with an empty body", "signature_wrong")


def a_body_written_anew_is_refused(subject: Subject) -> None:
    """The bytes count, not what they say: whoever decodes first and writes anew verifies something else."""
    good = _good(subject)
    anew = json.dumps(json.loads(good.body), separators=(" , ", " : ")).encode()
    refused(subject, replace(good, body=anew), "with the same JSON in other bytes", "signature_wrong")


def both_secrets_verify_while_one_is_changed(subject: Subject) -> None:
    """With two secrets in the settings either is good, whichever stands first; with one of them only that."""
    body = contact(subject)
    for pair in ([subject.secret, OTHER], [OTHER, subject.secret]):
        connector = subject.connector(**{subject.secret_key: pair})
        for secret in pair:
            with trying("with two active secrets"):
                connector.verify(subject.sign(body, secret, ARRIVED))
    only = subject.connector(**{subject.secret_key: [OTHER]})
    try:
        only.verify(subject.request(body))
    except Rejected:
        return
    require(held=False, text="a secret that was taken out of the settings still verifies")


def a_stale_signature_is_refused(subject: Subject) -> None:
    """Where a signature has a time, an old one and one from the future are refused: they may be recorded or forged."""
    seconds = (subject.stale_after or 0) + 60
    for offset, what in ((-seconds, "an old"), (seconds, "a future")):
        made = subject.sign(contact(subject), subject.secret, ARRIVED + timedelta(seconds=offset))
        refused(subject, replace(made, received_at=ARRIVED), f"with {what} signature", "signature_stale")


def secrets_are_compared_in_constant_time(subject: Subject) -> None:
    """`==` on a secret tells by its time how much of it was right: `hmac.compare_digest` does not."""
    good = _good(subject)
    wrong = subject.sign(good.body, OTHER, ARRIVED)
    for request, what in ((good, "a good"), (wrong, "a wrong")):
        with _watching() as seen:
            outcome(subject, request, f"{what} signature")
        require(_COMPARING & seen, f"{what} signature was judged without compare_digest")


@contextmanager
def _watching() -> Iterator[set[str]]:
    """The names of built-in functions that are called meanwhile."""
    seen: set[str] = set()

    def note(_frame: FrameType, event: str, function: Any) -> None:
        if event == "c_call":
            seen.add(getattr(function, "__name__", ""))

    before: Callable[..., object] | None = sys.getprofile()
    sys.setprofile(note)
    try:
        yield seen
    finally:
        sys.setprofile(before)


def a_stranger_gets_no_challenge_answered(subject: Subject) -> None:
    """A GET that proves nothing is not answered as the provider's test of the address."""
    asked = Request(method="GET", url="https://gw.example/", headers={}, query={}, body=b"", received_at=ARRIVED)
    with trying("an empty GET"):
        try:
            answer = subject.connector().handshake(asked)
        except Rejected:
            return
    require(answer is None, "an empty GET was answered as if it were the provider's test")


SIGNING: Final[tuple[Check, ...]] = (
    Check(a_good_delivery_is_accepted),
    Check(a_missing_signature_is_refused),
    Check(an_empty_signature_is_refused),
    Check(garbage_for_a_signature_is_refused),
    Check(a_part_of_the_signature_is_refused),
    Check(two_signatures_in_one_are_refused),
    Check(another_secret_is_refused),
    Check(another_body_is_refused, lambda subject: subject.signed_body),
    Check(a_body_written_anew_is_refused, lambda subject: subject.signed_body and is_json(contact(subject))),
    Check(both_secrets_verify_while_one_is_changed),
    Check(a_stale_signature_is_refused, lambda subject: subject.stale_after is not None),
    Check(secrets_are_compared_in_constant_time),
    Check(a_stranger_gets_no_challenge_answered),
)
