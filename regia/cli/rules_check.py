"""`regia rules check` and `regia rules coverage`: what is wrong with rules, and what their tests reach."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from regia.cli.common import ConfigOption, config_errors, configured, fail
from router.checking import Finding, overlaps
from router.checking import check as look
from router.coverage import Coverage
from router.coverage import coverage as cover
from router.load import load
from router.ruleset import Ruleset

Files = Annotated[list[Path] | None, typer.Argument(help="Rule files; without them the configuration's.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def rules_of(files: list[Path] | None, config: Path | None) -> Ruleset:
    """The rules of the files, or of the configuration; what is wrong with them ends the program."""
    if not files:
        return configured(config).rules
    try:
        sources = [(str(path), path.read_text(encoding="utf-8")) for path in files]
    except (OSError, UnicodeDecodeError) as error:
        fail(f"a rule file cannot be read: {error}", status=2)
    with config_errors():
        return load(sources)


def check(
    files: Files = None,
    config: ConfigOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when there is a warning.")] = False,
    with_overlaps: Annotated[
        bool, typer.Option("--overlaps", help="Show also which rules set a field differently for the same messages.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load the rules and say what is wrong with them, with file, line and column: errors, and what is never reached."""
    rules = rules_of(files, config)
    warnings, infos = look(rules), overlaps(rules) if with_overlaps else []
    counts = {"rules": len(rules.rules), "categories": len(rules.categories), "tests": len(rules.tests)}
    if as_json:
        told = {**counts, "warnings": [*map(_data, warnings)], **({"overlaps": [*map(_data, infos)]} if with_overlaps else {})}
        _print(told)
    else:
        for finding in (*warnings, *infos):
            typer.echo(finding)
        result = f"{len(warnings)} warning{'s' if len(warnings) > 1 else ''}" if warnings else "no problems"
        typer.echo(f"{', '.join(f'{number} {name}' for name, number in counts.items())}: {result}")
    if strict and warnings:
        raise typer.Exit(1)


def coverage(files: Files = None, config: ConfigOption = None, as_json: AsJson = False) -> None:
    """How many tests each rule and each category is reached by, and what the rules won."""
    covered = cover(rules_of(files, config))
    if as_json:
        _print(_coverage_data(covered))
        return
    for one in covered.rules:
        won = ", ".join(f"{field} {number}" for field, number in one.won.items()) or "nothing"
        typer.echo(f"{one.matched:5}  rule {one.rule.name}; won {won}")
    for name, number in covered.categories.items():
        typer.echo(f"{number:5}  category {name}")
    typer.echo(f"{covered.tests} tests: {covered.percent}% of rules, {covered.categories_percent}% of categories")


def _coverage_data(covered: Coverage) -> dict[str, Any]:
    rules = [{"rule": one.rule.name, **_place(one.rule.place), "matched": one.matched, "won": one.won} for one in covered.rules]
    percent = {"rules_percent": covered.percent, "categories_percent": covered.categories_percent}
    return {"tests": covered.tests, "rules": rules, "categories": covered.categories, **percent}


def _data(finding: Finding) -> dict[str, Any]:
    by = {"by": {"rule": finding.by.name, **_place(finding.by.place)}} if finding.by else {}
    return {"kind": finding.kind, **_place(finding.place), "name": finding.name, "message": finding.message, **by}


def _place(place: tuple[str, int, int]) -> dict[str, str | int]:
    return dict(zip(("file", "line", "column"), place, strict=True))


def _print(data: object) -> None:
    typer.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())
