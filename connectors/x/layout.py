"""Requests of X laid out flat: one element an event.

Source: X developers, "Account Activity API: Data objects" (lists beside `for_user_id`) and "X Activity API" (one event in
`data`). Both come to the same address.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from connectors.kit.elements import Element
from connectors.reading import Part

MESSAGES: Final = "direct_message_events"
REVOKED: Final = "user_revoked"
_WITHOUT_EVENTS: Final = frozenset({"for_user_id", "users", "apps", "user_has_blocked"})


def lay_out(body: Part) -> Iterator[Element]:
    """`within` has `account`, `users` and the event's `uuid`; `word` is the list's name, or the event's type."""
    lists, account = _lists(body.data), body.data.get("for_user_id")
    if isinstance(body.data.get("data"), dict):
        yield from _activity(body)
    if "user_event" in body.data:
        yield _user_event(body)
    yield from _events(lists, account, body.hints("users").data, "", lambda listed: {"for_user_id": account, **listed})
    if not (lists or isinstance(body.data.get("data"), dict) or "user_event" in body.data):
        # Nothing we know, but X had something to say.
        within = Part({"account": account, "users": {}})
        yield Element(value=body.data, path="body", alone=body.data, within=within, word="unknown")


def _lists(data: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {key: value for key, value in data.items() if key not in _WITHOUT_EVENTS and isinstance(value, list)}


def _events(
    lists: Mapping[str, list[Any]], account: Any, users: Any, path: str, alone: Callable[[dict[str, Any]], dict[str, Any]]
) -> Iterator[Element]:
    """`alone` makes a request of one list and its users."""
    within = Part({"account": account, "users": users})
    for key, events in lists.items():
        for index, event in enumerate(events):
            single = alone({key: [event], "users": _concerned(event, users)})
            yield Element(value=event, path=f"{path}{key}[{index}]", alone=single, within=within, word=key)


def _concerned(event: Any, users: Any) -> Any:
    """The sender's entry only: with everybody's beside each of a thousand events, what is kept would grow by the square."""
    sender = event.get("message_create") if isinstance(event, dict) else None
    sender_id = sender.get("sender_id") if isinstance(sender, dict) else None
    return {sender_id: users[sender_id]} if isinstance(sender_id, str) and sender_id in users else {}


def _user_event(body: Part) -> Element:
    """The user took the app's permission back: there is no `for_user_id`, since nothing comes after it."""
    revoke = body.hints("user_event").hints("revoke")
    account = revoke.hints("source").data.get("user_id", body.data.get("for_user_id"))
    word = REVOKED if revoke.data else "user_event"
    within = Part({"account": account, "users": {}})
    event = body.data["user_event"]
    alone = {"for_user_id": body.data.get("for_user_id"), "user_event": event}
    return Element(value=event, path="user_event", alone=alone, within=within, word=word)


def _activity(body: Part) -> Iterator[Element]:
    data = body.part("data")
    payload, account = data.hints("payload"), data.hints("filter").data.get("user_id")
    users = payload.hints("users").data or _included(data) or _included(body)
    lists = {key: value for key, value in _lists(payload.data).items() if key.endswith("_events")}
    if lists:  # as in the older product, in an envelope
        about = {key: data.data.get(key) for key in ("event_type", "event_uuid", "filter")}
        path = f"{payload.path}."
        yield from _events(lists, account, users, path, lambda listed: {"data": {**about, "payload": listed}})
        return
    event, word = data.data.get("payload"), data.hint("event_type") or ""
    within = Part({"account": account, "users": users, "uuid": data.data.get("event_uuid")})
    alone = {"data": data.data, "includes": body.data.get("includes")}
    yield Element(value=event, path=payload.path, alone=alone, within=within, word=word)


def _included(part: Part) -> dict[str, Any]:
    """The users beside a post of v2, by their ids."""
    users = part.hints("includes").objects("users")
    return {user.data["id"]: user.data for user in users if isinstance(user.data.get("id"), str)}
