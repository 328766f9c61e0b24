"""What people do to dead letters, from the command line and over HTTP: each is a row of the log before it is begun."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from dispatcher.base import QueuesUnavailable, UnknownQueue
from dispatcher.letters import EVERYTHING, Act, Discard, Edit, Letter, Letters, Picked, Redrive, Wanted, digest
from normalizer.envelope import TYPE, Envelope
from regia.by_hand import Doing, log
from storage.database import Database, DatabaseUnavailable
from storage.operations import Action

_ACTIONS: Final[dict[type[Act], Action]] = {Redrive: "dead.redrive", Discard: "dead.discard", Edit: "dead.edit"}


class BadEdit(Exception):
    """The new body cannot take the old one's place; the text says why, and shows nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was done, and where it is written down."""

    operation: str
    picked: Picked


async def do(
    letters: Letters,
    database: Database,
    wanted: Wanted,
    act: Act,
    *,
    actor: str,
    limit: int,
    picked: Picked,
    said: Mapping[str, Any],
    told: Callable[[Picked], Any] = lambda _: None,
    most: int = EVERYTHING,
) -> Done:
    """Do it to at most `limit` letters of the first `most`, and write into `picked` how far it is. `said` is kept with what was
    chosen by. Raises `UnknownQueue`, `QueuesUnavailable`, `DatabaseUnavailable`."""
    chosen = {name: value for name in wanted.__slots__ if (value := getattr(wanted, name))}
    doing = Doing(_ACTIONS[type(act)], actor, {**chosen, "limit": limit})
    async with log(database, doing, lambda: (picked.done, {**picked.detail, **said})) as operation:
        await letters.pick(wanted, act, limit, picked, told, most=most)
    return Done(operation=operation, picked=picked)


async def edit(letters: Letters, database: Database, id_: str, body: bytes, *, actor: str, most: int) -> Letter | None:
    """Give a letter another body, and return how it was; None where there is none of that id. The log keeps what was before
    and after as SHA-256. Raises `BadEdit`, and as `do`."""
    letter = await find(letters, id_, most=most)
    if letter is None:
        return None
    check(letter, body)
    said = {"before": letter.sha256, "after": digest(body), "envelope_id": letter.envelope_id}
    wanted = Wanted(ids=(letter.id,), where=letter.where)
    done = await do(letters, database, wanted, Edit(body), actor=actor, limit=1, picked=Picked(), said=said, most=most)
    return letter if done.picked.done else None


async def find(letters: Letters, id_: str, *, most: int) -> Letter | None:
    """One letter with its body, by its own id or the envelope's."""
    found = await letters.look(Wanted(ids=(id_,)), 1, most=most, bodies=True)
    return found.letters[0] if found.letters else None


def check(letter: Letter, body: bytes) -> None:
    """An envelope must be one, and the same. Raises `BadEdit`."""
    if not letter.envelope_id:
        return
    try:
        envelope = Envelope.model_validate_json(body)
    except ValidationError as error:
        places = sorted({".".join(map(str, one["loc"])) or "the whole" for one in error.errors(include_input=False)})
        raise BadEdit(f"this is no envelope ({TYPE}); look at: {', '.join(places[:5])}") from None
    if envelope.id != letter.envelope_id:
        raise BadEdit("the envelope has another id: keep it, as consumers know it by that")


FAILURES: Final = (UnknownQueue, QueuesUnavailable, DatabaseUnavailable)
"""What may go wrong."""
