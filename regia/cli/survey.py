"""`regia survey`: what customers were asked after their ticket was closed, and what they answered."""

import csv
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

import typer

from desk.surveys import views
from desk.surveys.survey import SKIPS, Survey
from desk.surveys.views import By, Shown, Sum, Wanted
from identity.views.paging import MOST
from normalizer.envelope_data import from_ms
from regia.cells import harmless
from regia.cli.by_hand import moment
from regia.cli.common import ConfigOption, fail
from regia.cli.customer_common import CursorOption, JsonOption, LimitOption, look, say, say_json, say_page
from regia.cli.standing import standing
from regia.settings import Settings
from regia.shown import as_data
from regia.surveying import survey as as_asked
from storage.surveys import STATES

app = typer.Typer(no_args_is_help=True, help="What customers answered after their ticket was closed.")

_NAMED: Final = ("id", "name", "state", "skipped", "brand", "ticket", "agent", "category", "product", "reason")
_WHERE: Final = ("conversation", "customer", "channel", "language", "form")
_TIMES: Final = ("planned", "asked", "closed")

NameOption = Annotated[str | None, typer.Option(help="The survey of this name in the configuration.")]
BrandOption = Annotated[str | None, typer.Option(help="Of this brand.")]
SinceOption = Annotated[str | None, typer.Option(help="Tickets closed since: 2026-11-21T18:02 (UTC), or 30d: 30 days ago.")]
UntilOption = Annotated[str | None, typer.Option(help="Tickets closed before this time.")]


@app.command("list")
def list_(
    *,
    name: NameOption = None,
    state: Annotated[str | None, typer.Option(help=f"One of {', '.join(STATES)}.")] = None,
    brand: BrandOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Surveys, newest first: for which ticket, what became of each, and the numbers and choices that were answered."""
    if state is not None and state not in STATES:
        fail(f"--state must be one of {', '.join(STATES)}", status=2)
    settings = standing(config).settings
    wanted = _wanted(name, brand, since, until, state)
    words = _words(settings)
    page = look(settings, lambda connection: views.listed(connection, wanted, cursor=cursor, limit=limit))
    say_page("surveys", page, lambda one: _line(one, words), json=json)
    if not page.items and not json:
        _say_none(settings)


@app.command()
def show(
    survey: Annotated[str, typer.Argument(metavar="SURVEY_ID")], *, json: JsonOption = False, config: ConfigOption = None
) -> None:
    """One survey with everything that was answered, words too."""
    found = look(standing(config).settings, lambda connection: views.one(connection, survey))
    if found is None:
        fail("there is no survey of that id")
    if json:
        say_json(as_data(found))
        return
    data = as_data(found)
    for key in (*_NAMED, *_WHERE, *_TIMES):
        if data[key] is not None:
            say(f"{key:13} {data[key]}" + (f": {SKIPS[data[key]]}" if key == "skipped" and data[key] in SKIPS else ""))
    for given in found.answers:
        say(f"{given.question + ':':13} {given.value}")


@app.command()
def export(
    *,
    name: NameOption = None,
    brand: BrandOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    config: ConfigOption = None,
) -> None:
    """All surveys as CSV, one answer in each column: it holds what customers wrote."""
    settings = standing(config).settings
    wanted = _wanted(name, brand, since, until)
    found = list(_all(settings, wanted))
    questions = sorted({given.question for one in found for given in one.answers})
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow([*_NAMED, *_WHERE, *_TIMES, *questions])
    for one in found:
        data = as_data(one)
        answers = {given.question: given.value for given in one.answers}
        row = [*(data[key] for key in (*_NAMED, *_WHERE, *_TIMES)), *(answers.get(question) for question in questions)]
        table.writerow(["" if value is None else harmless(str(value)) for value in row])


@app.command()
def report(
    *,
    by: Annotated[By, typer.Option(help="What the averages are of.")] = "category",
    name: NameOption = None,
    brand: BrandOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """How many were asked and answered, and what it comes to: averages of scales, and how often each choice was made."""
    settings = standing(config).settings
    wanted = _wanted(name, brand, since, until)
    words = _words(settings)
    sums = look(settings, lambda connection: views.report(connection, wanted, by, words))
    rows = [row for one in sums for row in _rows(one)]
    if json:
        say_json({"by": by, "groups": rows})
        return
    if as_csv:
        table = csv.writer(sys.stdout, lineterminator="\n")
        table.writerow([by, "asked", "answered", "question", "answers", "average", "values"])
        for row in rows:
            counts = " ".join(f"{value}={count}" for value, count in row["values"].items())
            average = "" if row["average"] is None else row["average"]
            table.writerow([harmless(str(value)) for value in (*_first(row), average, counts)])
        return
    for row in rows:
        say(_report_line(row))
    if not rows:
        _say_none(settings)


def _say_none(settings: Settings) -> None:
    typer.echo("regia: no survey is found" if settings.surveys else "regia: no surveys are configured", err=True)


def _first(row: dict[str, Any]) -> Sequence[Any]:
    return row["group"] or "", row["asked"], row["answered"], row["question"] or "", row["answers"]


def _rows(one: Sum) -> Iterator[dict[str, Any]]:
    """One for each question, or one where nothing was answered."""
    asked = {"group": one.group, "asked": one.asked, "answered": one.answered, "words": one.words}
    questions: list[str | None] = [*sorted(one.values)]
    for question in questions or [None]:
        counts = one.values[question] if question is not None else {}
        yield asked | {
            "question": question,
            "answers": sum(counts.values()),
            "average": None if question is None else one.average(question),
            "values": {str(value): counts[value] for value in sorted(counts, key=str)},
        }


def _report_line(row: dict[str, Any]) -> str:
    line = f"{row['group'] or '-':20} asked {row['asked']:5}  answered {row['answered']:5}"
    if row["question"] is None:
        return line
    told = " ".join(f"{value}={count}" for value, count in row["values"].items())
    average = "" if row["average"] is None else f"  average {row['average']:.2f}"
    return f"{line}  {row['question']}{average}  ({told})"


def _wanted(name: str | None, brand: str | None, since: str | None, until: str | None, state: str | None = None) -> Wanted:
    times = {"since_ms": moment("--since", since), "until_ms": moment("--until", until)}
    return Wanted(name=name, brand=brand, state=state, **times)


def _words(settings: Settings) -> set[tuple[str, str]]:
    asked: list[Survey] = [as_asked(name, one) for name, one in settings.surveys.items()]
    return {(one.name, question.name) for one in asked for question in one.questions if question.kind == "words"}


def _all(settings: Settings, wanted: Wanted) -> Iterator[Shown]:
    cursor = None
    while True:
        page = look(settings, lambda one, at=cursor: views.listed(one, wanted, cursor=at, limit=MOST))  # type: ignore[misc]
        yield from page.items
        if (cursor := page.cursor) is None:
            return


def _line(one: Shown, words: set[tuple[str, str]]) -> str:
    given = [f"{each.question}={'…' if (one.name, each.question) in words else each.value}" for each in one.answers]
    became = one.skipped or one.state
    told = f"{from_ms(one.planned_ms)}  {one.id}  {one.name}  {one.ticket}  {one.agent or '-'}  {became}"
    return "  ".join((told, *given))
