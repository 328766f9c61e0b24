"""What every signed webhook channel must hold, as tests to inherit.

A channel's test file derives a class whose name starts with `Test` and gives `connector`, `request` (which signs a
body) and `samples`. Nothing a provider, or somebody pretending to be one, sends may raise anything but `Rejected`.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import msgspec
import pytest

from connectors.base import Connector, Parsed, Request
from connectors.errors import Rejected
from normalizer.inbound import InboundMessage

WRONG_TYPES: tuple[Any, ...] = (None, True, 0, -1.5, 10**30, "", "x", "\ud83d", [], [None], {}, {"x": []})
NOT_OURS: tuple[bytes, ...] = (
    b"",
    b" ",
    b"\xff\xfe",
    b"null",
    b"17",
    b'"text"',
    b"[]",
    b"[[]]",
    b"{}",
    b'{"object":',
    b"hub.mode=subscribe&x=1",
    b"[" * 5000,
    b'{"a":' * 3000 + b"1" + b"}" * 3000,
    b'{"a":NaN}',
    b'{"a":1e999}',
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside a JSON value, itself included."""
    yield at
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from paths(part, (*at, key))


def put(value: Any, way: tuple[Any, ...], new: Any) -> Any:
    """A copy of `value` with `new` at `way`."""
    if not way:
        return new
    changed = copy.copy(value)
    changed[way[0]] = put(value[way[0]], way[1:], new)
    return changed


def held(parsed: Parsed) -> int:
    """How many things a request held, read or not."""
    return len(parsed.messages) + len(parsed.statuses) + len(parsed.events) + len(parsed.unreadable)


class WebhookConformance:
    """To be inherited. `signature_header` is lower-cased, as in `Request.headers`."""

    signature_header: ClassVar[str]

    def connector(self) -> Connector:
        raise NotImplementedError

    def request(self, body: bytes) -> Request:
        """A delivery of `body` as the provider would sign it."""
        raise NotImplementedError

    def samples(self) -> Mapping[str, bytes]:
        """Captured or made bodies by name; the first is a contact."""
        raise NotImplementedError

    def _good(self) -> Request:
        return self.request(next(iter(self.samples().values())))

    def _outcome(self, request: Request) -> Parsed | Rejected:
        """Verifies and parses. Anything raised but `Rejected` fails the test."""
        connector = self.connector()
        try:
            connector.verify(request)
            return connector.parse(request)
        except Rejected as rejected:
            return rejected

    def _signed_with(self, value: str | None) -> Request:
        good = self._good()
        headers = {key: held for key, held in good.headers.items() if key != self.signature_header}
        return replace(good, headers=headers if value is None else {**headers, self.signature_header: value})

    def test_a_good_request_is_accepted_and_gives_a_message(self) -> None:
        outcome = self._outcome(self._good())
        assert isinstance(outcome, Parsed)
        assert len(outcome.messages) == 1
        assert not outcome.unreadable

    def test_every_sample_is_read_without_a_rest(self) -> None:
        for name, body in self.samples().items():
            outcome = self._outcome(self.request(body))
            assert isinstance(outcome, Parsed), name
            assert held(outcome), name

    def test_a_missing_signature_is_refused(self) -> None:
        with pytest.raises(Rejected) as caught:
            self.connector().verify(self._signed_with(None))
        assert (caught.value.code, caught.value.status) == ("signature_missing", 401)

    @pytest.mark.parametrize(
        "garbage",
        ["=", "sha256=", "sha256=zz", "sha1=00", "sha256=" + "0" * 64, "è" * 71, "\udcff\udcfe", "a" * 100_000, "\x00"],
    )
    def test_a_garbage_signature_is_refused(self, garbage: str) -> None:
        with pytest.raises(Rejected) as caught:
            self.connector().verify(self._signed_with(garbage))
        assert caught.value.status == 401

    def test_the_signature_of_another_body_is_refused(self) -> None:
        with pytest.raises(Rejected) as caught:
            self.connector().verify(replace(self._good(), body=self._good().body + b" "))
        assert caught.value.code == "signature_wrong"

    def test_a_body_written_anew_is_refused_although_it_says_the_same(self) -> None:
        good = self._good()
        anew = json.dumps(json.loads(good.body), separators=(" , ", " : ")).encode()
        assert anew != good.body
        with pytest.raises(Rejected) as caught:
            self.connector().verify(replace(good, body=anew))
        assert caught.value.code == "signature_wrong"

    def test_reading_is_pure(self) -> None:
        for body in self.samples().values():
            request = self.request(body)
            assert self._outcome(request) == self._outcome(request)

    @pytest.mark.parametrize("body", NOT_OURS, ids=lambda body: repr(body[:12]))
    def test_a_signed_body_that_is_something_else_is_kept_or_rejected(self, body: bytes) -> None:
        outcome = self._outcome(self.request(body))
        if isinstance(outcome, Parsed):
            assert not outcome.messages
            assert [kept.raw for kept in outcome.unreadable] == [body]

    def test_a_wrong_type_at_any_path_raises_nothing_and_loses_nothing(self) -> None:
        for name, body in self.samples().items():
            document = json.loads(body)
            for way in paths(document):
                for wrong in WRONG_TYPES:
                    changed = json.dumps(put(document, way, wrong)).encode()
                    outcome = self._outcome(self.request(changed))
                    if isinstance(outcome, Parsed):
                        # Only an array that is truly empty may leave nothing behind.
                        assert held(outcome) or wrong == [], (name, way, wrong)
                        self._fits_the_journal(outcome)

    def _fits_the_journal(self, parsed: Parsed) -> None:
        for message in parsed.messages:
            assert message.event_key
            assert message.external_id
            assert message.sender.handle.value
            assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=InboundMessage) == message
        for kept in parsed.unreadable:
            assert kept.raw
            assert kept.detail
