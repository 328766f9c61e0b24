"""The page New contact: what was typed, who was found, and who rings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from identity.views.stream import Item

ContactKind = Literal["visit", "call"]
NAMES: Final = ("where", "kind", "q", "link", "name", "phone", "email", "text", "hint", "reply", "shop", "known", "submission")
"""The fields of the form; those that a connector declares come as `field.<name>`."""
OWN: Final = "field."


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A connector with one of its brands and channels, as one choice."""

    connector: str
    brand: str
    channel: str
    trusts_agents: bool

    @property
    def value(self) -> str:
        return f"{self.connector}/{self.brand}/{self.channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldShown:
    """A field that a connector declares. `control` is text, checkbox, date or select."""

    name: str
    label: str
    control: str
    choices: tuple[tuple[str, str], ...]
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFound:
    """A customer and the address by which the contact would be theirs. `link` is the id of that link."""

    id: str
    name: str
    link: str
    kind: str
    value: str
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringing:
    """A telephone that rings."""

    id: str
    at_ms: int
    customer_id: str
    name: str
    kind: str
    value: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A customer of whom the number of a caller is known. `link` is the id of an address of theirs; `last`, what came and went
    last, as a timeline has it."""

    id: str
    name: str
    standing: str
    tier: str
    messages: int
    unanswered: int
    link: str
    last: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What stands in the form. `own` are the declared fields."""

    values: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def kind(self) -> ContactKind:
        return "call" if self.get("kind") == "call" else "visit"


def body_of(
    draft: Draft, where: Where, handle: tuple[str, str] | None, *, colleague: str, declared: set[str]
) -> dict[str, Any]:
    """The body of `POST /v1/messages/{connector}`. `handle` is kind and value of the customer's own address, where one was
    chosen. Whoever says nothing of themselves is nobody in particular: the contact itself stands for them."""
    typed = [(kind, draft.get(kind)) for kind in ("phone", "email") if draft.get(kind)]
    given = [*([handle] if handle else []), *(one for one in typed if one != handle)]
    first, *others = given or [("unknown_visitor", draft.get("submission"))]
    proof = {"proof": "agent"} if where.trusts_agents and draft.get("known") and given else {}
    fields = {name: value for name, value in draft.own.items() if value and name in declared}
    body: dict[str, Any] = {
        "brand": where.brand,
        "channel": where.channel,
        "kind": draft.kind,
        "sender": {
            "handle": {"kind": first[0], "value": first[1], **proof},
            "name": draft.get("name") or None,
            "claims": [{"kind": kind, "value": value} for kind, value in others],
        },
        "text": draft.get("text") or None,
    }
    if draft.kind == "visit":
        visit = {"shop": draft.get("shop"), "colleague": colleague, "reason": draft.get("hint")}
        body["visit"] = {name: value for name, value in visit.items() if value and name not in fields}
    else:
        body["call"] = {"direction": "inbound", "state": "answered"}
        if draft.get("hint") and "reason" in declared:
            fields.setdefault("reason", draft.get("hint"))
    via = next((one for one in given if one[0] == draft.get("reply")), None)
    if via is not None:
        body["reply_via"] = {"kind": via[0], "value": via[1]}
    return body | ({"fields": fields} if fields else {})


def fields_of(problems: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, str]:
    """Dotted names of what is wrong with a body, as the fields of the form: `""` for what has none."""
    sender = body["sender"]
    places = {"sender.handle.value": sender["handle"]["kind"], "sender.name": "name", "visit.reason": "hint"}
    places |= {f"sender.claims.{place}.value": one["kind"] for place, one in enumerate(sender["claims"])}
    places |= {"reply_via": "reply", "reply_via.value": "reply", "visit.shop": "shop", "sender.handle.proof": "known"}
    found: dict[str, str] = {}
    for path, advice in problems.items():
        name = path if path in ("text",) else places.get(path) or ("text" if path == "body" else "")
        if path.startswith("fields."):
            name = f"{OWN}{path.removeprefix('fields.')}"
        found[name] = f"{found[name]}; {path}: {advice}" if name in found else (advice if name else f"{path}: {advice}")
    return found
