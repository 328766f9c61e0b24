"""`regia rules diff`: what other rules would have done with the messages that came in."""

import sys
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from regia.cli.common import ConfigOption, fail
from regia.cli.rules_check import AsJson, one_of
from regia.cli.rules_stored import deciding, full_hash, is_hash, stored
from regia.cli.standing import standing
from regia.cli.stored import use
from regia.compose import Configured
from regia.rules.live import EVERY_BRAND
from regia.settings import Settings
from regia.trying.outcome import Example, Outcome, Tally
from regia.trying.replay import Trial, replay
from router.differing import Change
from router.reading import suggestion
from router.ruleset import Ruleset
from router.saying import decided_in_words
from storage.replayed import Only

_DAY: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
_MOVES_SHOWN: Final = 20

New = Annotated[
    list[str], typer.Argument(metavar="NEW...", help="Rule files, or the hash of a stored version (or its first 8 digits).")
]


def diff(
    new: New,
    *,
    last: Annotated[int, typer.Option(min=1, help="So many of the newest messages.")] = 1000,
    since: Annotated[datetime | None, typer.Option(formats=_DAY, help="Received from this time on, in UTC.")] = None,
    brand: Annotated[str | None, typer.Option(help="Only this brand.")] = None,
    examples: Annotated[int, typer.Option(min=0, max=1000, help="So many messages of each kind.")] = 5,
    fail_on_change: Annotated[bool, typer.Option("--fail-on-change", help="Exit with 1 when one would change.")] = False,
    as_json: AsJson = False,
    config: ConfigOption = None,
) -> None:
    """Replay stored messages through the live rules and through others: what would move, and by which rule. Publishes
    nothing and writes nothing."""
    found = standing(config)
    if brand is not None and brand not in found.brands:
        fail(f"no connector has the brand {brand!r}{_hint(brand, found)}")
    since_ms = None if since is None else int(since.replace(tzinfo=UTC).timestamp() * 1000)
    slot = found.rules.slot(brand or EVERY_BRAND)
    others = frozenset(found.rules.live) - {slot}  # brands that these rules do not decide about
    rules = _new_rules(new, found.settings)
    trial = Trial(
        live=deciding(found.settings, found.rules, slot),
        new=rules,
        only=Only(brand=brand, without=others, since_ms=since_ms),
        last=last,
        examples=examples,
    )
    outcome = use(found.settings, lambda database: replay(database, trial, _progress))
    if as_json:
        typer.echo(orjson.dumps(_data(outcome, trial), option=orjson.OPT_INDENT_2).decode())
    else:
        for line in _lines(outcome):
            typer.echo(line)
    if fail_on_change and outcome.changed:
        raise typer.Exit(1)


def _hint(brand: str, found: Configured) -> str:
    hint = suggestion(brand, found.brands)
    return f" ({hint})" if hint else ""


def _progress(done: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done:,} messages", end="\r", file=sys.stderr, flush=True)


def _new_rules(new: list[str], settings: Settings) -> Ruleset:
    """The rules of the files, or of the stored version; what is wrong with either ends the program."""
    named = [one for one in new if is_hash(one) and not Path(one).exists()]
    if not named:
        return one_of([Path(one) for one in new], None, None)
    if len(new) > 1:
        fail("name either rule files or one stored version", status=2)
    return stored(settings, full_hash(settings, named[0]))


def _lines(outcome: Outcome) -> Iterable[str]:
    for field, moves in outcome.by_field().items():
        number = sum(tally.count for _, tally in moves)
        yield f"{field}: {number:,} would change"
        for change, tally in moves[:_MOVES_SHOWN]:
            yield f"{tally.count:7,}  {decided_in_words(change.before)} -> {decided_in_words(change.after)}{_by(change)}"
            yield from _examples(tally)
        if len(moves) > _MOVES_SHOWN:
            rest = sum(tally.count for _, tally in moves[_MOVES_SHOWN:])
            yield f"{rest:7,}  in {len(moves) - _MOVES_SHOWN:,} other ways; --json has them all"
    for (fact, why), tally in outcome.not_comparable.items():
        yield f"{tally.count:,} without {fact}: {why}"
        yield from _examples(tally)
    if outcome.not_reproduced:
        number = len(outcome.not_reproduced)
        yield f"{number:,} not decided as when received, by the same rules: what is said of them here may be wrong"
        yield from _examples(Tally(number, outcome.not_reproduced[: outcome.examples]))
    left_out = f", {outcome.left_out:,} cannot be compared" if outcome.left_out else ""
    plural = "" if outcome.messages == 1 else "s"
    yield f"{outcome.messages:,} message{plural}: {outcome.same:,} as before, {outcome.changed:,} would change{left_out}"


def _examples(tally: Tally) -> Iterable[str]:
    return (f"           {one.id} {one.channel}" for one in tally.examples)


def _by(change: Change) -> str:
    if change.by_before is None and change.by_after is None:
        return ""
    before, after = change.by_before or "nobody", change.by_after or "nobody"
    return f"  (by {before})" if before == after else f"  (by {before} -> {after})"


def _data(outcome: Outcome, trial: Trial) -> dict[str, Any]:
    fields = {
        field: {
            "count": sum(tally.count for _, tally in moves),
            "changes": [{**_change(change), **_counted(tally)} for change, tally in moves],
        }
        for field, moves in outcome.by_field().items()
    }
    missing = [{"fact": fact, "reason": why, **_counted(tally)} for (fact, why), tally in outcome.not_comparable.items()]
    return {
        "live": trial.live.hash,
        "new": trial.new.hash,
        "messages": outcome.messages,
        "as_before": outcome.same,
        "would_change": outcome.changed,
        "not_comparable": {"count": outcome.left_out, "reasons": missing},
        "not_reproduced": [*map(_example, outcome.not_reproduced)],
        "fields": fields,
    }


def _change(change: Change) -> dict[str, Any]:
    values = {"before": _plain(change.before), "after": _plain(change.after)}
    return {**values, "by_before": change.by_before, "by_after": change.by_after}


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _counted(tally: Tally) -> dict[str, Any]:
    return {"count": tally.count, "examples": [*map(_example, tally.examples)]}


def _example(one: Example) -> dict[str, str]:
    return {"id": one.id, "channel": one.channel}
