"""What the page of a message shows, out of what is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, or_, select

from normalizer.advice import Language
from router.wording import Words, value_in_words
from storage import lookup, marks, outgoing, outgoing_parts, sla
from storage.marks import Mark, Reroute
from storage.quarantine import HELD
from storage.schema import messages, quarantine
from web.console.message import Answer, Later, Promise, RuleLine, Stuck, Target, Why
from web.console.problems import in_language
from web.console.texts.conditions import CONDITIONS

_LATER: Final = 50
_TEXT: Final = 300
"""Characters of what is only hinted at."""
_HELD: Final = ("id", "connector", "reason", "detail", "content_type", "received_ms", "attempts", "state")


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What belongs to a message beside its envelope."""

    targets: Sequence[Target]
    answers: Sequence[Answer]
    later: Sequence[Later]
    promises: Sequence[Promise]
    held: Sequence[Stuck]
    mark: Mark | None
    reroutes: Sequence[Reroute]


def around(connection: Connection, row: RowMapping) -> Around:
    """All of it, for a row of `messages`."""
    return Around(
        targets=_targets(connection, row),
        answers=_answers(connection, row),
        later=_later(connection, row),
        promises=_promises(connection, row),
        held=_held(connection, row),
        mark=marks.mark_of(connection, row["id"]),
        reroutes=marks.reroutes_of(connection, row["id"]),
    )


def held(connection: Connection, id_: str) -> Mapping[str, Any] | None:
    """What is in quarantine under this id, without its bytes."""
    columns = [quarantine.c[name] for name in _HELD]
    row = connection.execute(select(*columns).where(quarantine.c.id == id_)).mappings().one_or_none()
    return None if row is None else dict(row)


def belongs(connection: Connection, id_: str, held_id: str) -> bool:
    """Whether something in quarantine is what stands under that id, or came with the message of that id."""
    if held_id == id_:
        return True
    row = lookup.message(connection, id_)
    return row is not None and held_id in {one.id for one in _held(connection, row)}


def why_of(explanation: Mapping[str, Any], routing: Mapping[str, Any], language: Language) -> Why:
    """The explanation as `router.explain.as_data` gives it in that language."""
    over = explanation.get("overruled")
    decided = tuple((field, _came_to(routing, field), rule) for field, rule in explanation["decided_by"].items())
    return Why(
        ruleset=explanation["ruleset"],
        decided=decided,
        rules=tuple(_rule(one, language) for one in explanation["rules"]),
        overruled=None if over is None else (str(over["by"]), str(over["reason"])),
    )


def _came_to(routing: Mapping[str, Any], field: str) -> str:
    copies = [target for target in routing["targets"] if target != routing["category"]]
    value = copies if field in ("copy_to", "queue") else routing.get(field)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {one}" for name, one in value.items() if one is not None)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value) if value is not None else ""


def _rule(one: Mapping[str, Any], language: Language) -> RuleLine:
    failed, words = one.get("failed") or {}, CONDITIONS[language]
    return RuleLine(
        name=one["name"],
        place=f"{PurePath(one['file']).name}:{failed.get('line', one['line'])}",
        outcome=one["outcome"],
        won=tuple(one.get("won") or ()),
        condition=failed.get("condition", ""),
        values=tuple((fact, _value(value, words)) for fact, value in failed.get("values", {}).items()),
        error=in_language(failed.get("error") or "", language),
    )


def _value(value: Any, words: Words) -> str | int:
    """As `RuleLine` has it. The explanation keeps a long text as its length."""
    if isinstance(value, dict):
        return int(value["length"])
    return "" if value is None else value_in_words(value, words)


def _targets(connection: Connection, row: RowMapping) -> list[Target]:
    return [
        Target(
            queue=f"{row['brand']}.{one['target']}",
            state=one["state"],
            attempts=one["attempts"],
            published_ms=one["published_ms"],
        )
        for one in lookup.targets_of(connection, row["id"])
    ]


def _answers(connection: Connection, row: RowMapping) -> list[Answer]:
    return [_answer(connection, one) for one in outgoing.answers_to(connection, row)]


def _answer(connection: Connection, one: RowMapping) -> Answer:
    ids = {name for name in (one["id"], one["external_id"], *outgoing_parts.parts_of(connection, one["id"])) if name}
    told = lookup.statuses_of(connection, one["connector"], ids)
    return Answer(
        id=one["id"],
        state=one["state"],
        author=one["author"],
        automatic=one["automatic"],
        text=one["text"][:_TEXT],
        at_ms=one["created_ms"],
        error=one["error"] or "",
        told=tuple((status["state"], status["at_ms"] or status["received_ms"]) for status in told),
    )


def _later(connection: Connection, row: RowMapping) -> list[Later]:
    """Of the same conversation, for which there is an index."""
    columns = (messages.c.id, messages.c.kind, messages.c.received_ms, messages.c.external_id)
    query = select(*columns).where(messages.c.conversation_id == row["conversation_id"], messages.c.id != row["id"])
    about = or_(messages.c.refers_to == row["external_id"], messages.c.external_id == row["external_id"])
    query = query.where(messages.c.connector == row["connector"], or_(about, messages.c.repeat_of == row["id"]))
    rows = connection.execute(query.order_by(messages.c.received_ms, messages.c.id).limit(_LATER))
    return [Later(id=one.id, kind=one.kind, at_ms=one.received_ms, text="") for one in rows]


def _promises(connection: Connection, row: RowMapping) -> list[Promise]:
    timers = [one for one in sla.of_conversations(connection, [row["conversation_id"]]) if one.message_id == row["id"]]
    last = {timer.promise: timer for timer in sorted(timers, key=lambda timer: timer.started_ms)}
    return [Promise(promise=one.promise, due_ms=one.due_ms, open=one.is_open, breached=one.breached) for one in last.values()]


def _held(connection: Connection, row: RowMapping) -> list[Stuck]:
    """What of the same request could not be read."""
    same = quarantine.c.raw_sha256 == row["raw_sha256"] if row["raw_sha256"] else quarantine.c.id == row["id"]
    columns = [quarantine.c[name] for name in _HELD]
    query = select(*columns).where(quarantine.c.state == HELD, or_(quarantine.c.id == row["id"], same)).limit(_LATER)
    return [stuck(dict(one)) for one in connection.execute(query).mappings()]


def stuck(one: Mapping[str, Any]) -> Stuck:
    return Stuck(
        id=one["id"],
        where="held",
        queue=one["connector"],
        reason=one["reason"],
        detail=one["detail"],
        at_ms=one["received_ms"],
    )
