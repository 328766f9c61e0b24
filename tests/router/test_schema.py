"""The JSON Schema of rules files accepts what the loader accepts, as far as a schema can know it."""

import inspect
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from jsonschema import Draft7Validator
from typer.testing import CliRunner

from config.document import ConfigError, read_yaml
from regia.cli.main import app
from router import keys, schema
from router.actions import ActionReader
from router.cases import CaseReader
from router.declarations import Declarations
from router.load import load
from router.names import Usage
from router.ruleset import Ruleset
from router.vocabulary import VOCABULARY
from tests.router import (
    test_calendar_errors,
    test_calendars,
    test_cases,
    test_conditions,
    test_decisions,
    test_errors,
    test_extractors,
    test_names,
)
from tests.router.beyond import BEYOND, kind_of
from tests.router.made_files import Maker
from tests.router.test_docs import EXAMPLES

ROOT = Path(__file__).parents[2]
SCHEMA = schema.json_schema()
VALIDATOR = Draft7Validator(SCHEMA)
SEEDS = 200
SHIPPED = sorted(
    path for path in (ROOT / "config" / "examples").rglob("*.yaml") if "rules" in path.parts or path.name == "rules.yaml"
)
MODULES = (
    *(test_errors, test_calendar_errors, test_names, test_extractors),
    *(test_cases, test_conditions, test_decisions, test_calendars),
)
"""Tests that load files, wrong ones and right ones."""


HEAD = "categories: {general: {}}\ndefault: general\n"
ALSO = [
    (HEAD, "default: general\n"),
    (HEAD + "extract: {order: {pattern: a, from: fields.note}}\n",),
    (HEAD + "fields: {total: number}\nextract: {order: {pattern: a, from: [text, fields.total]}}\n",),
]
"""Files that are wrong in a way that no schema can know, and that no other test has alone."""


def refusals(text: str) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(read_yaml(text, "a.yaml").data)]


def problems(sources: Sequence[tuple[str, str]]) -> list[str]:
    try:
        load(sources)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_it_is_a_schema_and_the_command_prints_it() -> None:
    Draft7Validator.check_schema(SCHEMA)
    result = CliRunner().invoke(app, ["schema", "rules"])
    assert (result.exit_code, json.loads(result.output)) == (0, SCHEMA)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_shipped_file_is_accepted(path: Path) -> None:
    assert refusals(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_docs_is_accepted(example: str) -> None:
    assert refusals(example) == []


def calls(function: Any) -> Iterator[tuple[object, ...]]:
    """The arguments that pytest would call a test with; nothing where it needs more than these."""
    marks = [mark for mark in getattr(function, "pytestmark", ()) if mark.name == "parametrize"]
    if hasattr(function, "hypothesis"):
        return
    if not marks and not inspect.signature(function).parameters:
        yield ()
    if len(marks) == 1:
        names, rows = marks[0].args[:2]
        count = len(names.split(",")) if isinstance(names, str) else len(names)
        if count == len(inspect.signature(function).parameters):
            yield from ((row,) if count == 1 else row for row in rows)


@pytest.fixture(scope="module")
def loaded() -> dict[tuple[tuple[str, str], ...], list[str]]:
    """All files that the tests of the modules load, each with what is wrong with it."""
    seen: dict[tuple[tuple[str, str], ...], list[str]] = {}

    def remember(sources: Sequence[tuple[str, str]]) -> Ruleset:
        seen.setdefault(tuple(sources), problems(sources))
        return load(sources)

    with pytest.MonkeyPatch.context() as patch:
        for module in MODULES:
            patch.setattr(module, "load", remember, raising=False)
        patch.setattr(test_errors, "load", remember)
        for module in MODULES:
            for name, function in vars(module).items():
                if name.startswith("test_") and inspect.getmodule(function) is module:
                    for arguments in calls(function):
                        function(*arguments)
    return seen


def test_right_files_are_accepted(loaded: dict[tuple[tuple[str, str], ...], list[str]]) -> None:
    right = [text for sources, wrong in loaded.items() if not wrong for _, text in sources]
    assert len(right) > 150
    assert [(text, refused) for text in right if (refused := refusals(text))] == []


def test_wrong_files_are_refused_unless_no_schema_can_know(loaded: dict[tuple[tuple[str, str], ...], list[str]]) -> None:
    met, accepted, refused = set(), [], 0
    also = {sources: problems(sources) for texts in ALSO for sources in [tuple(("a.yaml", text) for text in texts)]}
    for sources, wrong in (loaded | also).items():
        try:
            found = [refusal for _, text in sources for refusal in refusals(text)]
        except ConfigError:
            continue  # no YAML
        refused += bool(found)
        if found or not wrong:
            continue
        kinds = [kind_of(problem) for problem in wrong]
        met |= set(kinds)
        if None in kinds:
            accepted.append((sources, wrong))
    assert accepted == []
    assert refused > 120
    assert [kind for kind in BEYOND if kind not in met] == [], "no test shows that the schema accepts this"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_made_files(seed: int) -> None:
    maker = Maker(SCHEMA, Random(seed))  # noqa: S311  # no secret
    data = maker.file()
    # whatever the schema cannot say of names, others declare: what is made has none of its own
    for wanted in (data, maker.spoilt(data)):
        text = json.dumps(wanted, ensure_ascii=False)
        found, wrong = refusals(text), problems([("a.yaml", text)])
        if found:
            assert wrong, (text, found)
        assert found or all(kind_of(problem) for problem in wrong), (text, wrong)


def test_made_files_are_of_all_sorts() -> None:
    made = [Maker(SCHEMA, Random(seed)) for seed in range(SEEDS)]  # noqa: S311  # no secrets
    files = [maker.file() for maker in made]
    spoilt = [maker.spoilt(data) for maker, data in zip(made, files, strict=True)]
    assert all(VALIDATOR.is_valid(data) for data in files)
    assert SEEDS / 2 < sum(not VALIDATOR.is_valid(data) for data in spoilt) < SEEDS
    assert len({json.dumps(data) for data in files}) > 0.9 * SEEDS
    text = json.dumps(files)
    unmet = [key for table in (keys.FILE, keys.RULE, keys.ACTIONS, keys.OPERATORS, keys.LOGIC, keys.EXPECT, VOCABULARY)
             for key in table if f'"{key}"' not in text]  # fmt: skip
    assert unmet == []


def described(shape: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key that the schema has, with what it says of it, but those that only repeat days and names."""
    if isinstance(shape, list):
        for one in shape:
            yield from described(one)
    if isinstance(shape, dict):
        if isinstance(properties := shape.get("properties"), dict) and "type" in shape:
            yield from properties.items()
        for inner in shape.values():
            yield from described(inner)


def test_every_key_is_explained() -> None:
    nested = {name.partition(".")[0] for name in VOCABULARY if "." in name} | {"fields", "hours", "date", "weekday", "holiday"}
    days = re.compile("mon|mon-fri|tue|wed|thu|fri|sat|sun")
    silent = {key for key, shape in described(SCHEMA) if not shape.get("markdownDescription")}
    assert {key for key in silent - nested if not days.fullmatch(key)} == set()


def test_what_rules_do_and_tests_expect_is_what_the_readers_know() -> None:
    actions, expected = ActionReader((), (), (), (), Usage()).known, CaseReader({}, frozenset(), Declarations()).known
    assert set(actions) == set(keys.ACTIONS) == set(schema.ACTIONS), "give the action words in keys.ACTIONS and its shape"
    assert set(expected) == set(keys.EXPECT) == set(schema.EXPECT), "give the field words in keys.EXPECT and its shape"


def test_an_action_that_is_new_is_offered_before_it_has_words(monkeypatch: pytest.MonkeyPatch) -> None:
    class Reader(ActionReader):
        def __init__(self, *names: Any) -> None:
            super().__init__(*names)
            self.known = (*self.known, "sing")

    monkeypatch.setattr(schema, "ActionReader", Reader)
    rule = {"name": "r", "then": {"sing": ["a", 1]}}
    data = {"categories": {"a": None}, "default": "a", "rules": [rule]}
    assert Draft7Validator(schema.json_schema()).is_valid(data)
    assert not VALIDATOR.is_valid(data)
