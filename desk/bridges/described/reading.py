"""From what the expressions of a description find to states of tickets and answers of agents. Pure."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from connectors.declared.query import Query
from connectors.reading import MAX_IDENT, Misshapen
from desk.bridges.base import AgentAnswer, AgentFile, SystemRefused, SystemUnavailable, TicketState
from desk.bridges.described.calling import Answer, is_true, value_of
from desk.bridges.described.description import Description
from desk.bridges.described.moments import Times
from desk.bridges.described.requests import ChangedList, Written
from desk.bridges.marks import Marks
from desk.bridges.ways import Ways
from desk.bridges.written import answer_text

Seen = Mapping[str, Any]
_UNNAMED = "agent"


class Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """`at_ms`: until when tickets were seen, by the system's clock. `opaque`: the system's own, where it has one."""

    at_ms: int
    opaque: str | None = None

    @classmethod
    def of(cls, text: str) -> "Cursor":
        return msgspec.json.decode(text, type=cls)

    def text(self) -> str:
        return msgspec.json.encode(self).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How agents answer. `ways.agents` may: everybody whom the description calls an agent, where nobody is named. `marks` tell
    what customers get where the system has no private messages, or not only by them."""

    ways: Ways
    marks: Marks | None = None


class Last:
    """What a list's last answer gives for the next look."""

    def __init__(self, query: Query | None) -> None:
        self._query = query
        self.cursor: str | None = None

    def answer(self, answer: Answer) -> None:
        found = None if self._query is None else value_of(self._query, answer.seen, "changed.cursor")
        self.cursor = self.cursor if found in (None, "") else str(found)


def number(value: Any, at: str) -> str:
    """An id as text. Raises `SystemRefused` for what is none."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not 0 < len(text) <= MAX_IDENT or any(letter < " " for letter in text):
        raise SystemRefused(f"{at}: expected an id")
    return text


def word(query: Query, seen: Seen, at: str) -> str:
    """The id that it finds. Raises `SystemRefused`."""
    return number(value_of(query, seen, at), at)


def at_ms(query: Query, times: Times, seen: Seen, at: str) -> int:
    """The time that it finds. Raises `SystemRefused`."""
    try:
        return times.read_ms(value_of(query, seen, at), at)
    except Misshapen as error:
        raise SystemRefused(str(error)) from error


def state(described: ChangedList, of: Description, seen: Seen) -> TicketState:
    status = word(described.status, seen, "changed.status")
    agent = None if described.agent is None else value_of(described.agent, seen, "changed.agent")
    return TicketState(
        ticket=word(described.ticket, seen, "changed.ticket"),
        closed=status in of.told,
        paused=status in of.paused,
        agent=None if agent in (None, "") else str(agent),
        reason=status,
        at_ms=at_ms(described.at, of.times, seen, "changed.at"),
    )


def answer(described: Written, seen: Seen, rules: Rules, known: Container[str]) -> AgentAnswer | None:
    """None for what is not of the ticket, or known, what the bridge wrote itself, and what customers do not get."""
    if described.where is not None and not is_true(described.where, seen, "written.where"):
        return None
    id_ = word(described.id, seen, "written.id")
    if id_ in known or _is_own(described, seen):
        return None
    if described.public is not None and not is_true(described.public, seen, "written.public"):
        return None
    text = answer_text(_words(described, seen), rules.marks, is_html=described.html is not None)
    if text is None:
        return None
    author = None if described.author is None else value_of(described.author, seen, "written.author")
    name = _UNNAMED if author in (None, "") else str(author)
    is_agent = described.agent is None or is_true(described.agent, seen, "written.agent")
    return AgentAnswer(
        id=id_, author=name, text=text, is_agent=is_agent and rules.ways.may_answer(name), files=_files(described, seen)
    )


def _is_own(described: Written, seen: Seen) -> bool:
    """Whether the bridge wrote it. Raises `SystemUnavailable` where nobody can say, since what it is known by was not kept."""
    for way in sorted(described.own.ways):
        if way[0] == "kept" and len(way) > 1 and seen["kept"].get(way[1]) in (None, ""):
            raise SystemUnavailable(f"written.own: {'.'.join(way[:2])} is not known, so nobody can tell what the bridge wrote")
    return is_true(described.own, seen, "written.own")


def _words(described: Written, seen: Seen) -> str:
    query = described.text or described.html
    found = None if query is None else value_of(query, seen, "written.text")
    if found is None:
        return ""
    if not isinstance(found, str):
        raise SystemRefused("written.text: expected a text")
    return found


def _files(described: Written, seen: Seen) -> tuple[AgentFile, ...]:
    """By their places: a description knows no way to load them."""
    found = 0 if described.files is None else value_of(described.files, seen, "written.files")
    count = len(found) if isinstance(found, list) else found if isinstance(found, int) else 0
    return tuple(AgentFile(id=str(place)) for place in range(1, count + 1))
