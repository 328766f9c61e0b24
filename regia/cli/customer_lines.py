"""Customers as plain lines for a person."""

from collections.abc import Iterable, Iterator

from identity.views.log import Act
from identity.views.lookup import Found, Owner
from identity.views.profile import Below, Fact, LinkShown, Profile
from identity.views.queue import Entry
from identity.views.timeline import Moment
from identity.views.tops import Who
from normalizer.envelope_data import from_ms


def found(answer: Found) -> Iterator[str]:
    """Whose an address is and was."""
    for owner in answer.verified:
        yield f"{'owner':16} {_owner(owner)}"
    for owner in answer.claimed:
        yield f"{'claimed by':16} {_owner(owner)}"
    for owner in answer.past:
        yield f"{'before':16} {_owner(owner)} until {from_ms(owner.ended_ms or 0)} ({owner.ended_by})"


def profile(one: Profile) -> Iterator[str]:
    """A customer with everything."""
    plain = {
        "id": one.id,
        "brand": one.space,
        "standing": one.standing,
        "name": one.name,
        "language": one.language,
        "tier": one.tier,
        "tags": ", ".join(one.tags),
        "competence": one.competence,
        "crm_id": one.crm_id,
        "seen": f"{from_ms(one.first_seen_ms)} to {from_ms(one.last_seen_ms)}",
        "messages": f"{one.messages}, {one.unanswered} waiting for an answer",
    }
    for name, value in plain.items():
        yield _line(name, value or "")
    for fact in one.facts:
        yield _line("fact", _fact(fact))
    for link in one.links:
        yield _line("link", _link(link))
    yield from (_line("below", text) for text in _below(one.below, ""))
    for entry in one.suggestions:
        yield _line("suggestion", suggestion(entry))
    if one.conversation is not None:
        open_ = one.conversation
        what = f"{open_.id} since {from_ms(open_.opened_ms)}, {open_.messages} messages on {', '.join(open_.channels)}"
        yield _line("conversation", what if open_.ticket is None else f"{what}, ticket {open_.ticket}")


def moment(one: Moment) -> str:
    """A message of a timeline."""
    what = one.state if one.direction == "outbound" else one.category
    repeat = f" (repeats {one.repeat_of})" if one.repeat_of else ""
    return f"{one.id} {from_ms(one.at_ms)} {one.direction:8} {one.channel:9} {what or '-'}: {one.snippet}{repeat}"


def act(one: Act) -> str:
    """What was done to a customer."""
    more = " ".join(f"{name} {id_}" for name, id_ in (("with", one.other), ("link", one.handle)) if id_)
    detail = " ".join(f"{name}={_word(value)}" for name, value in (one.detail or {}).items())
    return f"{one.id} {from_ms(one.at_ms)} {one.action:8} by {one.actor}: {one.customer} {more} {detail}".rstrip()


def suggestion(entry: Entry) -> str:
    """A pair who may be one customer."""
    reasons = ", ".join(f"{why.reason} {why.score}" for why in entry.why)
    return f"{entry.id} {entry.score:3} {_who(entry.customer)} and {_who(entry.owner)}: {reasons}"


def _line(name: str, value: str) -> str:
    return f"{name:16} {value}".rstrip()


def _who(who: Who) -> str:
    return f"{who.id} {who.name}" if who.name else who.id


def _owner(owner: Owner) -> str:
    return f"{_who(owner.customer)} ({owner.customer.space}), {owner.proof} since {from_ms(owner.since_ms)} by {owner.link}"


def _fact(fact: Fact) -> str:
    return f"{fact.field} by {fact.source} at {from_ms(fact.at_ms)}: {_word(fact.value)}{' (shown)' if fact.wins else ''}"


def _link(link: LinkShown) -> str:
    ended = f" until {from_ms(link.ended_ms)} ({link.ended_by})" if link.ended_ms is not None else ""
    text = f"{link.id} {link.kind} {link.value} {link.proof} since {from_ms(link.since_ms)}{ended}"
    return f"{text}, home {link.home}, by {link.evidence}"


def _below(below: Iterable[Below], indent: str) -> Iterator[str]:
    for one in below:
        by = f" by {one.act} ({one.actor}, {from_ms(one.merged_ms or 0)})" if one.act else ""
        yield f"{indent}{one.id} {one.name or ''}".rstrip() + by
        yield from _below(one.below, indent + "  ")


def _word(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "(taken back)" if value is None else str(value)
