"""What agents read of a contact in a ticket: who wrote, the words, what is known of the customer, and links back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from desk.bridges.base import Entry, Person

_TITLE_MAX: Final = 120
_SNIPPETS: Final = 5
"""Of what was said before, so much is shown when a ticket is opened."""
_KIND: Final = {
    "edit": "The customer has changed an earlier message. It says now:",
    "delete": "The customer has taken an earlier message back.",
    "reaction": "The customer reacted to a message.",
    "call": "A call.",
}


def title(data: Mapping[str, Any]) -> str:
    """One line: the subject, or how the text begins, or what it is."""
    text = data["subject"] or data["text"] or f"{data['kind']} by {data['channel']}"
    line = " ".join(str(text).split())
    return line if len(line) <= _TITLE_MAX else f"{line[: _TITLE_MAX - 1].rstrip()}…"


def subject(title: str, mark: str) -> str:
    """Of a message, where a system keeps none of our ids: it ends with the mark."""
    return f"{title} {_ending(mark)}"


def has_mark(subject: object, mark: str) -> bool:
    return str(subject or "").endswith(_ending(mark))


def _ending(mark: str) -> str:
    return f"[regia {mark}]"


def without_files(entry: Entry) -> Entry:
    """With their names alone: they may be too large for the system, or for what stands before it. `again`, since what was
    refused may be there in part."""
    lines = "\n".join(f"{file.filename} is not here: the ticket system did not take it." for file in entry.files)
    return replace(entry, text=f"{entry.text}\n\n{lines}", files=(), again=True)


def words(envelope: Mapping[str, Any], *, first: bool, follows: str | None = None, left_out: tuple[str, ...] = ()) -> str:
    """The text of an entry. `first`: of a new ticket, which tells more; `follows`, a line on the ticket that it goes on with.
    `left_out`: ids of files that do not come along."""
    data = envelope["data"]
    parts = [_writer(data), _said(data)]
    if follows is not None:
        parts.append(follows)
    parts.append("\n".join(["-- ", *_known(envelope, data, first=first)]))
    files = [_file(one, left_out) for one in data["attachments"]]
    parts += ["\n".join(["Files:", *files])] if files else []
    if first and data["history"]:
        parts.append("\n".join(["Before:", *map(_before, data["history"][-_SNIPPETS:])]))
    return "\n\n".join(filter(None, parts))


def person(data: Mapping[str, Any]) -> Person:
    """Who wrote. Other addresses of the customer count only where it is proven that it was the customer who wrote."""
    sender = data["sender"]["handle"]
    name = data["sender"]["name"] or data["customer"]["name"]
    proven = sender["proof"] != "claimed"
    handles = [sender, *(one for one in data["customer"]["handles"] if proven and one["proof"] != "claimed")]
    known = {one["kind"]: one["value"] for one in reversed(handles)}
    return Person(name=name, email=known.get("email"), phone=known.get("phone"), proven=proven)


def _writer(data: Mapping[str, Any]) -> str:
    """The first line, since below it the customer may write whatever looks like one. What they call themselves stands last."""
    handle, name = data["sender"]["handle"], data["sender"]["name"] or data["customer"]["name"]
    called = f', called "{" ".join(str(name).split())}"' if name else ""
    return f"From: {handle['kind']} {handle['value']} ({handle['proof']}), by {data['channel']}{called}"


def _said(data: Mapping[str, Any]) -> str:
    said = [_KIND.get(data["kind"], ""), data["text_full"] or data["text"] or ""]
    if data["location"]:
        place = data["location"]
        said.append(f"{place['latitude']}, {place['longitude']}")
    if data["reaction"]:
        said.append(str(data["reaction"].get("emoji") or ""))
    return "\n".join(filter(None, said)) or f"({data['kind']}, without words)"


def _known(envelope: Mapping[str, Any], data: Mapping[str, Any], *, first: bool) -> list[str]:
    customer, routing = data["customer"], data["routing"]
    lines = [f"Received: {data['received_at']}"]
    if first:
        known = [customer["tier"], *customer["tags"]]
        lines.append(f"Customer: {customer['id']}{''.join(f', {one}' for one in known if one)}, since {customer['first_seen']}")
        lines.append(f"Contacts before: {customer['messages']}, without an answer: {customer['unanswered']}")
        lines.append(f"Category: {routing['category']}{''.join(f', {tag}' for tag in routing['tags'])}")
        lines += [f"{name}: {value}" for name, value in sorted(data["fields"].items()) if value not in (None, "")]
    if first and routing["playbook"]:
        lines.append(f"Playbook: {routing['playbook']}")
    if first:
        lines.append(f"Original (with a token): {data['raw']['url']}")
    return [*lines, f"Envelope: {envelope['id']}"]


def _file(file: Mapping[str, Any], left_out: tuple[str, ...]) -> str:
    size = "" if file["size"] is None else f", {file['size']:,} bytes"
    name = file["filename"] or "without a name"
    if file["state"] != "stored":
        return f"- {name}{size}: {file['state']}"
    if file["id"] not in left_out:
        return f"- {name}{size}"
    base = str(file["url"]).rpartition("/attachments/")[0]
    return f"- {name}{size}: {file['url']} (later, with a token: {base}/v1/attachments/{file['id']})"


def _before(one: Mapping[str, Any]) -> str:
    ours = "" if one["direction"] == "inbound" else ", our answer"
    return f"- {one['at']} {one['channel']} ({one['category']}{ours}): {one['snippet']}"
