"""The page of one message: what the customer sent, why it went where it went, and what came of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

TEXT: Final = "text"
NAME: Final = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A line of a table. `name` is a key of the texts, or of a declared field what it is called. `kind`: as what it is masked,
    empty for what is nobody's. `at_ms` instead of a text is a moment; `link` an address of the web."""

    name: str
    value: str = ""
    kind: str = ""
    at_ms: int | None = None
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that came with it. `size` in bytes; `reason` says why it is not there."""

    id: str
    name: str
    content_type: str
    size: int | None
    stored: bool
    reason: str
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A queue it goes to. `state` is pending, published or unrouted."""

    queue: str
    state: str
    attempts: int
    published_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """What became of a rule: `outcome` is matched, failed or not_tried. `values`: the facts that its condition asks about, and
    what they were: nothing where one was missing, and of a long text only how many characters it had. `error`: why it could
    not be asked."""

    name: str
    place: str
    outcome: str
    won: tuple[str, ...] = ()
    condition: str = ""
    values: tuple[tuple[str, str | int], ...] = ()
    error: str = ""

    @property
    def lacks(self) -> bool:
        """Whether a fact was missing, which says more than the error that came of it."""
        return any(value == "" for _, value in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The stored explanation. `decided`: field, what it came to, and the rule that won it."""

    ruleset: str
    decided: tuple[tuple[str, str, str], ...]
    rules: tuple[RuleLine, ...]
    overruled: tuple[str, str] | None

    @property
    def matched(self) -> int:
        return sum(rule.outcome == "matched" for rule in self.rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A reply to it. `told` is what the provider said of it since: state and moment."""

    id: str
    state: str
    author: str
    automatic: bool
    text: str
    at_ms: int
    error: str
    told: tuple[tuple[str, int | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Another contact that is about this one: an edit, a deletion, a reaction, the next state of a call."""

    id: str
    kind: str
    at_ms: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What was promised with it. `promise` is first_reply, next_reply or resolution."""

    promise: str
    due_ms: int
    open: bool
    breached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """What of it lies where nobody reads it: a dead letter (`where` dead or unrouted), or bytes in quarantine (`held`)."""

    id: str
    where: Literal["dead", "unrouted", "held"]
    queue: str
    reason: str
    detail: str
    at_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What the provider sent. `form` is mail (with HTML), shown, or bytes, of which nothing can be shown; `text` may be the
    beginning only."""

    form: Literal["mail", "shown", "bytes"]
    content_type: str
    size: int
    text: str = ""
    cut: bool = False
    gone: bool = False
    """The bytes are not kept any more."""
    remote: int = 0
    """Pictures of a mail that are not fetched from elsewhere."""
    tall: str = ""
    """How high its frame is: short, middle or tall."""


def customer_of(data: Mapping[str, Any]) -> tuple[str, str]:
    """Who wrote, and as what that is masked: the name, else the address."""
    sender = data["sender"]
    name = (data["customer"] or {}).get("name") or sender["name"]
    return (name, NAME) if name else (sender["handle"]["value"], sender["handle"]["kind"])


def facts_of(data: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Who, when, by which way, and all else that a contact of any kind may have."""
    found = (*_who(data), *_way(data), *_place(data), *_call(data), *_thread(data))
    return tuple(fact for fact in found if fact.value or fact.at_ms is not None)


def fields_of(data: Mapping[str, Any]) -> tuple[Fact, ...]:
    """The fields that the channel declares."""
    return tuple(Fact(name=name, value=_said(value), kind=TEXT) for name, value in data["fields"].items())


def files_of(data: Mapping[str, Any]) -> tuple[File, ...]:
    return tuple(
        File(
            id=one["id"],
            name=one["filename"] or "",
            content_type=one["content_type"] or "",
            size=one["size"],
            stored=one["state"] == "stored",
            reason=one["reason"] or "",
            caption=one["caption"] or "",
        )
        for one in data["attachments"]
    )


def web_link(target: str | None) -> str:
    """The address where a browser may go there; empty for any other scheme."""
    return target if target and target.lower().startswith(("https://", "http://")) else ""


def ms_of(text: str | None) -> int | None:
    """A moment of an envelope in milliseconds since 1970."""
    return None if not text else round(datetime.fromisoformat(text).timestamp() * 1000)


def _who(data: Mapping[str, Any]) -> Iterator[Fact]:
    sender, customer = data["sender"], data["customer"] or {}
    yield Fact(name="sender_name", value=sender["name"] or "", kind=NAME)
    handle = sender["handle"]
    yield Fact(name="handle", value=handle["value"], kind=handle["kind"])
    yield Fact(name="proof", value=handle["proof"])
    yield Fact(name="match", value=customer.get("match") or "")
    for name in ("aliases", "claims"):
        for one in sender[name]:
            yield Fact(name=name, value=one["value"], kind=one["kind"])
    via = data["reply"]["via"]
    yield Fact(name="via", value=via["value"] if via else "", kind=via["kind"] if via else "")


def _way(data: Mapping[str, Any]) -> Iterator[Fact]:
    yield Fact(name="received", at_ms=ms_of(data["received_at"]))
    yield Fact(name="sent", at_ms=ms_of(data["sent_at"]))
    yield Fact(name="channel", value=f"{data['channel']} · {data['connector']}")
    yield Fact(name="brand", value=data["brand"])
    yield Fact(name="account", value=data["account"] or "")
    yield Fact(name="kind", value=data["kind"])
    yield Fact(name="language", value=data["language"] or "")
    yield Fact(name="reply_until", at_ms=ms_of(data["reply"]["until"]))


def _place(data: Mapping[str, Any]) -> Iterator[Fact]:
    page, location = data["page"] or {}, data["location"] or {}
    yield Fact(name="page", value=page.get("title") or page.get("url") or "", kind=TEXT, link=web_link(page.get("url")))
    yield Fact(name="referrer", value=page.get("referrer") or "", kind=TEXT)
    yield Fact(name="faq", value=", ".join(map(str, data["faq"])), kind=TEXT)
    where = [str(location[name]) for name in ("name", "address") if location.get(name)]
    if location.get("latitude") is not None:
        where.append(f"{location['latitude']}, {location['longitude']}")
    yield Fact(name="location", value=" · ".join(where), kind=TEXT)
    for one in data["contacts"]:
        yield Fact(name="contact", value=" · ".join([one["name"] or "", *one["phones"], *one["emails"]]).strip(" ·"), kind=TEXT)


def _call(data: Mapping[str, Any]) -> Iterator[Fact]:
    call, button, reaction = data["call"] or {}, data["button"] or {}, data["reaction"]
    yield Fact(name="call", value=" · ".join(str(call[name]) for name in ("direction", "state") if call.get(name)))
    yield Fact(name="duration", value=f"{call['duration']} s" if call.get("duration") is not None else "")
    yield Fact(name="recording", value=call.get("recording") or "", kind=TEXT, link=web_link(call.get("recording")))
    yield Fact(name="button", value=button.get("title") or button.get("id") or "", kind=TEXT)
    yield Fact(name="reaction", value=(reaction or {}).get("emoji") or "", kind=TEXT)


def _thread(data: Mapping[str, Any]) -> Iterator[Fact]:
    yield Fact(name="external_id", value=data["external_id"], kind=TEXT)
    yield Fact(name="refers_to", value=data["refers_to"] or "", kind=TEXT)
    yield Fact(name="in_reply_to", value=data["thread"]["in_reply_to"] or "", kind=TEXT)
    yield Fact(name="references", value=" ".join(data["thread"]["references"]), kind=TEXT)
    yield Fact(name="automated", value=data["automated"] or "")
    yield Fact(name="backlog", value="✓" if data["backlog"] else "")


def _said(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    return {True: "✓", False: "✗", None: ""}[value] if value is None or isinstance(value, bool) else str(value)
