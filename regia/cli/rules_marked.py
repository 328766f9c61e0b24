"""`regia rules tests-from-marks`: messages that people marked with their right category, as tests of rules."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy import Connection

from regia.cli.common import ConfigOption, fail
from regia.cli.rules_stored import deciding
from regia.cli.standing import standing
from regia.cli.stored import read
from regia.rules.live import EVERY_BRAND
from regia.rules.marked import MOST, as_tests
from router.ruleset import Ruleset
from storage import erased, marks

_DAY: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


def from_marks(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="Only these messages; without them all.")] = None,
    *,
    brand: Annotated[
        str | None, typer.Option(help="Only brands that these rules decide about; * for those without rules of their own.")
    ] = None,
    since: Annotated[datetime | None, typer.Option(formats=_DAY, help="Marked from this time on, in UTC.")] = None,
    last: Annotated[int, typer.Option(min=1, help="So many of the last that were marked.")] = MOST,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file, not to the screen.")] = None,
    config: ConfigOption = None,
) -> None:
    """Write `tests:` of the messages that people marked with their right category. Who wrote is left out, and what tells it is
    replaced in what they wrote: look through it all the same. What was erased is refused."""
    found = standing(config)
    if brand is not None and brand not in found.rules.live:
        fail(f"brand {brand!r} has no rules of its own; those that have: {', '.join(sorted(found.rules.live))}", status=2)
    since_ms = None if since is None else int(since.replace(tzinfo=UTC).timestamp() * 1000)
    rows = read(found.settings, lambda connection: _rows(connection, ids or [], since_ms, last))
    kept = [row for row in rows if brand is None or found.rules.slot(row["brand"]) == brand]
    live: dict[str, Ruleset] = {}

    def rules(name: str) -> Ruleset:
        slot = found.rules.slot(name)
        if slot not in live:
            live[slot] = deciding(found.settings, found.rules, slot)
        return live[slot]

    written = as_tests(kept, rules)
    if brand is None and len({found.rules.slot(row["brand"]) for row in kept}) > 1:
        fail(f"these messages are of rules that stand apart: choose with --brand {EVERY_BRAND} or a brand of its own", status=2)
    if output is None:
        typer.echo(written.text, nl=False)
    else:
        output.write_text(written.text)
    left_out = [
        *([f"{written.unknown_category} of a category that is gone"] if written.unknown_category else []),
        *([f"{written.otherwise} decided otherwise without personal data"] if written.otherwise else []),
    ]
    typer.echo(f"{written.number} tests" + (f"; left out: {', '.join(left_out)}" if left_out else ""), err=output is None)


def _rows(connection: Connection, ids: list[str], since_ms: int | None, last: int) -> list[dict[str, Any]]:
    """Ends the command for an id of which there is no mark."""
    gone = erased.kinds(connection, ids)
    if gone:
        fail(f"{next(iter(gone))} was erased: nothing of it may be kept")
    found = marks.marked(connection, last, ids=ids or None, since_ms=since_ms)
    missing = sorted(set(ids) - {row["id"] for row in found})
    if missing:
        fail(f"nobody marked {missing[0]}")
    return found
