"""`regia rules`: check, test, preview and explain the rules."""

import json
from collections.abc import Iterator
from typing import Annotated

import typer
from sqlalchemy import Connection, RowMapping

from desk.refusals import REFUSALS
from dispatcher.base import queue_of
from regia.cli.common import ConfigOption, config_errors, fail
from regia.cli.rules_check import Brand, Files, check, coverage, each_of, rules_of
from regia.cli.rules_diff import diff
from regia.cli.rules_live import activate, shadow, versions
from regia.cli.rules_marked import from_marks
from regia.cli.rules_preview import preview
from regia.cli.standing import standing
from regia.cli.stored import read
from regia.pipeline.acknowledging import AUTHOR
from router.cases import Case
from router.explain import render
from router.load import load
from router.model import Decision
from router.ruleset import Ruleset
from router.testing import TestResult, run_tests
from storage import lookup, outgoing
from storage.rulesets import sources_of

app = typer.Typer(no_args_is_help=True, help="Check, test, preview and explain the rules.")

app.command()(check)
app.command()(coverage)
app.command()(versions)
app.command()(activate)
app.command()(shadow)
app.command()(preview)
app.command()(diff)
app.command("tests-from-marks")(from_marks)


@app.command("test")
def run_cases(
    files: Files = None,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Show of each test the queues its message would go to.")
    ] = False,
    config: ConfigOption = None,
    brand: Brand = None,
) -> None:
    """Run the `tests:` of the rules. Exits with 1 when one fails."""
    passed = [_run(rules, verbose=verbose) for rules in each_of(rules_of(files, config, brand))]
    if not all(passed):
        raise typer.Exit(1)


def _run(rules: Ruleset, *, verbose: bool) -> bool:
    """Whether all tests passed."""
    results = run_tests(rules)
    for result, case in zip(results, rules.tests, strict=True):
        if verbose:
            typer.echo(f"{_test(result)}: {'passed' if result.passed else 'FAILED'}, {_queues(result.decision, case)}")
        for one in result.mismatches:
            told = f"{one.field}: expected {_words(one.expected)}, got {_words(one.actual)}"
            by = result.decision.decided_by.get(one.field)
            typer.echo(f"{_test(result)}: {told}{f' (by {by})' if by else ''}")
    failed = sum(not result.passed for result in results)
    typer.echo(f"{len(results) - failed} passed, {failed} failed")
    return not failed


def _test(result: TestResult) -> str:
    file, line, column = result.place
    return f"{file}:{line}:{column}: {result.name}"


def _queues(decision: Decision, case: Case) -> str:
    """Where the message would be published; of a message without a brand, in the queues of whichever it has."""
    if decision.discard is not None:
        return f"to no queue (discarded: {decision.discard})"
    brand = case.facts.get("brand")
    return f"to {', '.join(queue_of(str(brand or '<brand>'), target) for target in decision.targets)}"


@app.command()
def explain(message: Annotated[str, typer.Argument(help="The envelope's id.")], config: ConfigOption = None) -> None:
    """Why a stored message went where it went: the record of the evaluation that decided."""
    explanation, sources, answered = read(standing(config).settings, lambda connection: _stored(connection, message))
    with config_errors():
        rules = load([(name, text) for name, text in json.loads(sources)])
    typer.echo(render(rules, explanation))
    for line in answered:
        typer.echo(line)


def _words(value: object) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else "nothing" if value is None else str(value)


def _stored(connection: Connection, message_id: str) -> tuple[bytes, str, list[str]]:
    row = lookup.message(connection, message_id)
    if row is None:
        fail("there is no committed message of that id")
    sources = sources_of(connection, row["ruleset"])
    if sources is None:
        fail("the version of the rules that decided is not stored")
    return bytes(row["explanation"]), sources, list(_answered(connection, row))


def _answered(connection: Connection, row: RowMapping) -> Iterator[str]:
    """What became of the answer that a rule chose."""
    refused = row["reply_refused"]
    if refused is not None:
        yield f"not answered, {refused}: {REFUSALS.get(refused, 'as an older version said')}"
    for answer in outgoing.answers_to(connection, row):
        if answer["author"].startswith(AUTHOR):
            yield f"answered by {answer['author']}: {answer['id']} {answer['state']}"
