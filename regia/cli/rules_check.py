"""`regia rules check` and `regia rules coverage`: what is wrong with rules, and what their tests reach."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from config.parse import read_text
from regia.cli.common import ConfigOption, config_errors, configured, fail
from regia.compose import Configured
from regia.rules.live import EVERY_BRAND
from router.checking import Finding, overlaps
from router.checking import check as look
from router.coverage import Coverage
from router.coverage import coverage as cover
from router.load import load
from router.ruleset import Ruleset

Files = Annotated[list[Path] | None, typer.Argument(help="Rule files; without them the configuration's.")]
Brand = Annotated[str | None, typer.Option("--brand", help="Only the rules that this brand has of its own; * for all others.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def rules_of(
    files: list[Path] | None, config: Path | None, brand: str | None = None, *, as_json: bool = False
) -> dict[str, Ruleset]:
    """The rules of the files, or those of the configuration by brand (`*`: every other), or of one brand; what is wrong with
    them ends the program."""
    if not files:
        return _configured_rules(configured(config, as_json=as_json), brand)
    if brand is not None:
        fail("--brand chooses among the configuration's rules: name files, or a brand", status=2)
    with config_errors(told="in the rules", as_json=as_json):
        return {EVERY_BRAND: load([(str(path), read_text(path, str(path))) for path in files])}


def known_values(found: Configured) -> dict[str, frozenset[str]]:
    """What messages can have by this configuration."""
    return {"connector": frozenset(found.connectors), "brand": frozenset(found.brands)}


def _configured_rules(configuration: Configured, brand: str | None) -> dict[str, Ruleset]:
    found = dict(configuration.rules.live)
    if brand is not None and brand not in found:
        fail(f"brand {brand!r} has no rules of its own; those that have: {', '.join(sorted(found.keys()))}", status=2)
    return found if brand is None else {brand: found[brand]}


def one_of(files: list[Path] | None, config: Path | None, brand: str | None) -> Ruleset:
    """The rules of the files, or of the configuration: of the brand, or without one of all that have none of their own."""
    return next(iter(rules_of(files, config, brand if files else brand or EVERY_BRAND).values()))


def each_of(found: Mapping[str, Ruleset], *, quiet: bool = False) -> Iterator[Ruleset]:
    """One after the other, each below the name of its brand where there are several."""
    for brand, rules in found.items():
        if len(found) > 1 and not quiet:
            typer.echo(f"brand {brand}:")
        yield rules


def check(
    files: Files = None,
    config: ConfigOption = None,
    *,
    brand: Brand = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when there is a warning.")] = False,
    with_overlaps: Annotated[
        bool, typer.Option("--overlaps", help="Show also which rules set a field differently for the same messages.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load the rules and say what is wrong with them, with file, line and column: errors, and what is never reached."""
    configuration = None if files else configured(config, as_json=as_json)
    found = _configured_rules(configuration, brand) if configuration else rules_of(files, None, brand, as_json=as_json)
    known = known_values(configuration) if configuration else {}
    told: dict[str, Any] = {}
    for name, rules in zip(found, each_of(found, quiet=as_json), strict=True):
        warnings, infos = look(rules, known), overlaps(rules) if with_overlaps else []
        counts = {"rules": len(rules.rules), "categories": len(rules.categories), "tests": len(rules.tests)}
        told[name] = {**counts, "warnings": [*map(_data, warnings)]}
        if with_overlaps:
            told[name]["overlaps"] = [*map(_data, infos)]
        if not as_json:
            for finding in (*warnings, *infos):
                typer.echo(finding)
            result = f"{len(warnings)} warning{'s' if len(warnings) > 1 else ''}" if warnings else "no problems"
            typer.echo(f"{', '.join(f'{number} {name}' for name, number in counts.items())}: {result}")
    if as_json:
        _print_each(told)
    if strict and any(one["warnings"] for one in told.values()):
        raise typer.Exit(1)


def coverage(files: Files = None, config: ConfigOption = None, brand: Brand = None, as_json: AsJson = False) -> None:
    """How many tests each rule and each category is reached by, and what the rules won."""
    found = rules_of(files, config, brand, as_json=as_json)
    if as_json:
        _print_each({name: _coverage_data(cover(rules)) for name, rules in found.items()})
        return
    for rules in each_of(found):
        covered = cover(rules)
        for one in covered.rules:
            won = ", ".join(f"{field} {number}" for field, number in one.won.items()) or "nothing"
            typer.echo(f"{one.matched:5}  rule {one.rule.name}; won {won}")
        for name, number in covered.categories.items():
            typer.echo(f"{number:5}  category {name}")
        typer.echo(f"{covered.tests} tests: {covered.percent}% of rules, {covered.categories_percent}% of categories")


def _print_each(told: Mapping[str, Any]) -> None:
    """What is told of the one there is, or of each brand by its name."""
    _print(next(iter(told.values())) if len(told) == 1 else {"brands": told})


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
