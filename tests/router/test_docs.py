"""docs/rules.md tells the truth: its examples load, their tests pass, and what it shows is what is printed."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.document import ConfigError
from regia.cli.main import app
from router import explain, keys
from router.actions import ActionReader
from router.cases import CaseReader
from router.declarations import Declarations
from router.load import load
from router.names import Usage
from router.testing import run_tests
from router.vocabulary import VOCABULARY

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
EDITOR = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
SHOWN = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8
    assert len(SHOWN) == 4
    assert PAGE.count("```") == 2 * (len(EXAMPLES) + len(SHOWN) + len(EDITOR) + PAGE.count("```console\n"))


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example(example: str) -> None:
    results = run_tests(load([("rules.md", example)]))
    assert results
    assert [(result.name, result.mismatches) for result in results if not result.passed] == []


def test_every_action_is_explained() -> None:
    table = PAGE[PAGE.index("## What a rule can do") : PAGE.index("## What a rule can ask")]
    named = set(re.findall(r"^\| `(\w+):", table, re.MULTILINE))
    assert named == set(ActionReader((), (), (), (), Usage()).known)
    assert [key for key in keys.CATEGORY if f"`{key}`" not in table] == []


def test_what_a_test_may_expect_is_named() -> None:
    section = PAGE[PAGE.index("## Tests") : PAGE.index("## Several files")]
    assert [key for key in CaseReader({}, frozenset(), Declarations()).known if f"`{key}`" not in section] == []


def test_every_name_is_explained() -> None:
    table = PAGE[PAGE.index("## What a rule can ask") : PAGE.index("### One value")]
    missing = [name for name in VOCABULARY if f"`{name}`" not in table]
    assert missing == []
    assert [kind for kind in VOCABULARY["kind"].choices if f"`{kind}`" not in table] == []


def test_the_mistakes_it_shows() -> None:
    head = "categories: {returns: {}, general: {}}\ndefault: general\n\n"
    text = head + "rules:\n  - name: x\n    when: {chanel: email}\n    then: {category: retruns}\n"
    with pytest.raises(ConfigError) as caught:
        load([("rules.yaml", text)])
    assert f"{caught.value}\n" == SHOWN[0]


def test_the_warnings_and_the_coverage_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rules.yaml").write_text(next(example for example in EXAMPLES if "mail-by-sms" in example), encoding="utf-8")
    for command, shown in (("check", SHOWN[1]), ("coverage", SHOWN[2])):
        result = CliRunner().invoke(app, ["rules", command, "rules.yaml"])
        assert (result.exit_code, result.output) == (0, shown)


def test_the_explanation_it_shows() -> None:
    example = next(example for example in EXAMPLES if "test-shop" in example)
    ruleset = load([("rules.yaml", example)])
    decision = ruleset.route(dict(ruleset.tests[-1].facts))
    assert explain.render(ruleset, decision.explanation) == SHOWN[3]
