"""Requests of X laid out flat: one element an event.

Source: X developers, "Account Activity API: Data objects" (lists beside `for_user_id`) and "X Activity API: Event payloads"
(one event in `data`, in the lists of the older product or as an object of v2). Both come to the same address.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from connectors.kit.elements import Element
from connectors.reading import Part

MESSAGES: Final = "direct_message_events"
REVOKED: Final = "user_revoked"
_REVOKE: Final = "oauth.revoke"
_WITHOUT_EVENTS: Final = frozenset({"for_user_id", "users", "apps", "user_has_blocked"})
_BESIDE: Final = {"users": "id", "tweets": "id", "media": "media_key"}
"""What stands beside a post or message of v2 in `includes`, each by its id."""


def lay_out(body: Part) -> Iterator[Element]:
    """`within` has `account`, the event's `uuid`, and by their ids `users`, `tweets` and `media` beside it; `word` is the
    list's name, or the event's type."""
    lists, account = _lists(body.data), body.data.get("for_user_id")
    if isinstance(body.data.get("data"), dict):
        yield from _activity(body)
    if "user_event" in body.data:
        yield _user_event(body)
    beside = {"users": body.hints("users").data}
    yield from _events(lists, account, beside, "", lambda listed: {"for_user_id": account, **listed})
    if not (lists or isinstance(body.data.get("data"), dict) or "user_event" in body.data):
        # Nothing we know, but X had something to say.
        yield Element(value=body.data, path="body", alone=body.data, within=Part({"account": account}), word="unknown")


def _lists(data: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {key: value for key, value in data.items() if key not in _WITHOUT_EVENTS and isinstance(value, list)}


def _events(
    lists: Mapping[str, list[Any]],
    account: Any,
    beside: Mapping[str, Mapping[str, Any]],
    path: str,
    alone: Callable[[dict[str, Any]], dict[str, Any]],
) -> Iterator[Element]:
    """`alone` makes a request of one list and its users."""
    within = Part({"account": account, **beside})
    for key, events in lists.items():
        for index, event in enumerate(events):
            single = alone({key: [event], "users": _concerned(event, beside["users"])})
            yield Element(value=event, path=f"{path}{key}[{index}]", alone=single, within=within, word=key)


def _concerned(event: Any, users: Any) -> Any:
    """The sender's entry only: with everybody's beside each of a thousand events, what is kept would grow by the square."""
    sender = event.get("message_create") if isinstance(event, dict) else None
    sender_id = sender.get("sender_id") if isinstance(sender, dict) else None
    return {sender_id: users[sender_id]} if isinstance(sender_id, str) and sender_id in users else {}


def _user_event(body: Part) -> Element:
    """The user took the app's permission back: there is no `for_user_id`, since nothing comes after it."""
    revoke = body.hints("user_event").hints("revoke")
    account = _revoker(revoke) or body.data.get("for_user_id")
    word = REVOKED if revoke.data else "user_event"
    event = body.data["user_event"]
    alone = {"for_user_id": body.data.get("for_user_id"), "user_event": event}
    return Element(value=event, path="user_event", alone=alone, within=Part({"account": account}), word=word)


def _revoker(revoke: Part) -> str | None:
    """Whose permission ended: the older product names a source, the newer one a user. An id may be written as a number."""
    ids = (revoke.hints("source").data.get("user_id"), revoke.data.get("user_id"))
    return next((str(id_) for id_ in ids if isinstance(id_, str | int) and not isinstance(id_, bool)), None)


def _activity(body: Part) -> Iterator[Element]:
    data = body.part("data")
    payload, account = data.hints("payload"), data.hints("filter").data.get("user_id")
    included = _included(data) or _included(body)
    beside = included | {"users": payload.hints("users").data or included.get("users", {})}
    lists = {key: value for key, value in _lists(payload.data).items() if key.endswith("_events")}
    if lists:  # as in the older product, in an envelope
        about = {key: data.data.get(key) for key in ("event_type", "event_uuid", "filter")}
        path = f"{payload.path}."
        yield from _events(lists, account, beside, path, lambda listed: {"data": {**about, "payload": listed}})
        return
    word = data.hint("event_type") or ""
    if word == _REVOKE:
        word, account = REVOKED, account or _revoker(payload)
    within = Part({"account": account, "uuid": data.data.get("event_uuid"), **beside})
    alone = {"data": data.data, "includes": body.data.get("includes")}
    yield Element(value=_object(data.data.get("payload")), path=payload.path, alone=alone, within=within, word=word)


def _object(payload: Any) -> Any:
    """What a payload says; an object of v2 may lie one level deeper."""
    inner = payload.get("data") if isinstance(payload, dict) and "id" not in payload else None
    return inner if isinstance(inner, dict) else payload


def _included(part: Part) -> dict[str, dict[str, Any]]:
    """What is beside an object of v2, by its sort; each may lie one level deeper, too."""
    includes = part.hints("includes")
    found = {sort: [_object(one.data) for one in includes.objects(sort)] for sort in _BESIDE}
    return {
        sort: {one[key]: one for one in found[sort] if isinstance(one.get(key), str)}
        for sort, key in _BESIDE.items()
        if found[sort]
    }
