"""To whom, and from which account, a message leaves: what the call carries is what was asked for."""

import json
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.base import Outgoing, Sent
from connectors.conformance.bodies import at, ways
from connectors.conformance.check import Check, other, require
from connectors.conformance.fake_http import Call, FakeHttp
from connectors.conformance.sending import outgoing, posts, replying, sends, sent, taken
from connectors.conformance.subject import Subject
from connectors.errors import SendFailed
from normalizer.inbound import Handle

_TENANT: Final = "tenant:"


def _to(subject: Subject) -> tuple[str, str]:
    """The account in the recipient of the subject, with its colon, and the bare id."""
    value = replying(subject).outgoing.to.value
    accounts = [f"{account}:" for account in subject.settings.get("accounts", ())]
    # A channel whose settings name no accounts may scope its handles all the same.
    before, colon, _ = value.partition(":")
    scope = next((one for one in accounts if value.startswith(one)), f"{before}:" if colon and not accounts else "")
    return scope, value.removeprefix(scope)


def _written_to(message: Outgoing, value: str) -> Outgoing:
    return replace(message, to=Handle(message.to.kind, value, message.to.proof), in_reply_to=None)


def carried(call: Call) -> set[str]:
    """Every value of a call by itself: pieces of its address, of its JSON, of its form."""
    address = urlsplit(call.url)
    found = {unquote(piece) for piece in address.path.split("/")} | {value for _, value in parse_qsl(address.query)}
    found |= {value for _, value in parse_qsl((call.body or b"").decode("utf-8", "replace"))}
    found |= set((call.form or {}).values())
    for document in (call.json, _json(call.body)):
        found |= {str(at(document, way)) for way in ways(document)}
    return found


def _json(body: bytes | None) -> Any:
    try:
        return json.loads(body or b"")
    except ValueError:
        return None


def _spelt(bare: str) -> set[str]:
    """A number stands with or without its plus."""
    return {bare, bare.removeprefix("+")}


async def _left(subject: Subject, message: Outgoing, what: str) -> tuple[Sent | SendFailed, FakeHttp]:
    http = taken(subject)
    return await sent(subject, message, http, what), http


async def _values(subject: Subject, message: Outgoing, what: str) -> set[str]:
    given, http = await _left(subject, message, what)
    require(isinstance(given, Sent), f"{what}: refused")
    return {value for call in posts(subject, http) for value in carried(call)}


async def the_recipient_is_the_one_that_is_named(subject: Subject) -> None:
    """The call has the id of whoever is written to, without our account before it; for another person, the other's."""
    scope, bare = _to(subject)
    stranger = other(bare)
    first = await _values(subject, _written_to(outgoing(subject), f"{scope}{bare}"), "a message")
    second = await _values(subject, _written_to(outgoing(subject), f"{scope}{stranger}"), "a message to another person")
    require(_spelt(bare) & first, "a message left without the id of whoever it is for")
    require(_spelt(stranger) & second, "a message to another person left without his id")
    require(not _spelt(bare) & second, "a message to another person left with the id of the first")


async def an_id_with_a_colon_is_the_whole_id(subject: Subject) -> None:
    """Providers write colons into ids. What stands behind the last one may be somebody else's whole id."""
    scope, bare = _to(subject)
    message = _written_to(outgoing(subject), f"{scope}{_TENANT}{bare}")
    given, http = await _left(subject, message, "an id with a colon")
    if isinstance(given, SendFailed):
        require(given.code == "invalid_recipient", f"an id with a colon: {given.code}, not invalid_recipient")
        return
    values = {value for call in posts(subject, http) for value in carried(call)}
    require(f"{_TENANT}{bare}" in values, "of an id with a colon only a part left: that is another person")


async def a_person_of_another_account_is_not_written_to(subject: Subject) -> None:
    """An id holds for the account that saw it: under another one it may be somebody else's."""
    scope, bare = _to(subject)
    message = _written_to(outgoing(subject), f"{other(scope)}{bare}")
    given, http = await _left(subject, message, "a person of another account")
    values = {value for call in posts(subject, http) for value in carried(call)}
    require(isinstance(given, SendFailed) or not _spelt(bare) & values, "a person of another account was written to")
    if isinstance(given, SendFailed):
        require(given.code == "invalid_recipient", f"a person of another account: {given.code}, not invalid_recipient")


async def each_account_writes_as_itself(subject: Subject) -> None:
    """A message that leaves from another account is another call: other sender, other address or other token."""
    scope, bare = _to(subject)
    given: dict[str, str] = {}
    for account in subject.settings["accounts"]:
        to = f"{account}:{bare}" if scope else bare
        message = replace(_written_to(outgoing(subject), to), account=str(account))
        result, http = await _left(subject, message, f"a message from {account}")
        if isinstance(result, SendFailed):
            # An account of another kind has other recipients.
            require(result.code == "invalid_recipient", f"a message from {account}: {result.code}")
            continue
        call = repr(posts(subject, http))
        require(call not in given, f"messages from {given.get(call)} and from {account} leave alike")
        given[call] = str(account)
    require(len(given) > 1, "only one of the accounts can write")


def _scoped(subject: Subject) -> bool:
    return sends(subject) and bool(_to(subject)[0])


def _several(subject: Subject) -> bool:
    return sends(subject) and len(subject.settings.get("accounts", ())) > 1


ADDRESSING: Final[tuple[Check, ...]] = (
    Check(the_recipient_is_the_one_that_is_named, sends),
    Check(an_id_with_a_colon_is_the_whole_id, sends),
    Check(a_person_of_another_account_is_not_written_to, _scoped),
    Check(each_account_writes_as_itself, _several),
)
