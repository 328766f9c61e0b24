"""`regia rules check` and `coverage`: what they print, and with which status they end."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from regia.cli.main import app

RULES = """\
categories: {one: {}, two: {}, general: {}}
default: general
rules:
  - name: above
    when: {channel: [email, sms]}
    then: {category: one}
  - name: below
    when: {channel: sms}
    then: {category: two}
  - name: italian
    when: {language: it}
    then: {category: two}
tests:
  - message: {channel: email}
    expect: {category: one}
  - message: {language: it}
    expect: {category: two}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


def run(command: str, rules: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["rules", command, str(rules), *options])


def test_a_warning_has_its_place_and_ends_well(rules: Path) -> None:
    done = run("check", rules)
    warning = f"warning: rule 'below' can never win: category is always set by rule 'above' ({rules}:4:5)"
    assert done.output == f"{rules}:7:5: {warning}\n3 rules, 3 categories, 2 tests: 1 warning\n"
    assert done.exit_code == 0


def test_strict_ends_with_1_only_for_a_warning(rules: Path) -> None:
    assert run("check", rules, "--strict").exit_code == 1
    rules.write_text(RULES.replace("channel: sms}", "language: en}"), encoding="utf-8")
    assert run("check", rules, "--strict").exit_code == 1  # no test makes it match
    rules.write_text(RULES.replace("channel: sms}", "channel: [sms, line]}").replace("email}", "line}"), encoding="utf-8")
    assert "no test makes rule 'above' match" in run("check", rules, "--strict").output
    left = RULES[: RULES.index("  - name: below")] + RULES[RULES.index("  - name: italian") :]
    rules.write_text(left, encoding="utf-8")
    done = run("check", rules, "--strict")
    assert (done.exit_code, done.output) == (0, "2 rules, 3 categories, 2 tests: no problems\n")


def test_overlaps_are_information(rules: Path) -> None:
    done = run("check", rules, "--overlaps")
    assert f"{rules}:10:5: info: rule 'italian' and rule 'above' ({rules}:4:5) may both match" in done.output
    assert "1 warning\n" in done.output


def test_json_has_the_same(rules: Path) -> None:
    told = json.loads(run("check", rules, "--json", "--overlaps").output)
    by = {"rule": "above", "file": str(rules), "line": 4, "column": 5}
    (warning,) = told["warnings"]
    assert {key: warning[key] for key in ("kind", "line", "column", "name", "by")} == {
        "kind": "never_wins", "line": 7, "column": 5, "name": "below", "by": by,
    }  # fmt: skip
    assert [found["name"] for found in told["overlaps"]] == ["italian"]
    assert (told["rules"], told["categories"], told["tests"]) == (3, 3, 2)
    assert "overlaps" not in json.loads(run("check", rules, "--json").output)


def test_an_error_stays_an_error(rules: Path) -> None:
    rules.write_text(RULES.replace("channel: sms", "chanel: sms"), encoding="utf-8")
    done = run("check", rules)
    assert done.exit_code == 2
    assert f"{rules}:8:12: rules[1].when.chanel: unknown condition" in done.stderr


def test_coverage(rules: Path) -> None:
    told = json.loads(run("coverage", rules, "--json").output)
    assert [(rule["rule"], rule["matched"], rule["won"]) for rule in told["rules"]] == [
        ("above", 1, {"category": 1}), ("below", 0, {}), ("italian", 1, {"category": 1}),
    ]  # fmt: skip
    assert (told["rules_percent"], told["categories_percent"], told["tests"]) == (66, 66, 2)
    assert told["categories"] == {"one": 1, "two": 1, "general": 0}
    assert run("coverage", rules).output.endswith("2 tests: 66% of rules, 66% of categories\n")


def test_values_that_the_configuration_does_not_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = Path(__file__).parents[2] / "config" / "examples" / "demo"
    monkeypatch.setenv("REGIA__DATA__PATH", str(tmp_path / "data"))
    shutil.copytree(demo, tmp_path, dirs_exist_ok=True)
    rule = "  - {name: typo, when: {brand: [demo, demoo], connector: site-from}, then: {tags: x}}\n"
    text = (demo / "rules.yaml").read_text()
    (tmp_path / "rules.yaml").write_text(text.replace("rules:\n", f"rules:\n{rule}", 1))
    done = CliRunner().invoke(app, ["rules", "check", "-c", str(tmp_path / "regia.yaml")])
    told = [line.partition("warning: ")[2] for line in done.output.splitlines() if "no message has" in line]
    assert told == [
        "no message has the brand 'demoo' (did you mean 'demo'?)",
        "no message has the connector 'site-from' (did you mean 'site-form'?)",
    ]
    alone = CliRunner().invoke(app, ["rules", "check", str(tmp_path / "rules.yaml")])
    assert "no message has" not in alone.output


def test_errors_are_json_too(rules: Path) -> None:
    rules.write_text(RULES.replace("channel: sms", "chanel: sms").replace("{category: one}", "{sla: 4h}"), encoding="utf-8")
    done = run("check", rules, "--json")
    assert done.exit_code == 2
    first, second = json.loads(done.output)["errors"][:2]
    assert (first["line"], first["message"], first["hint"]) == (
        6,
        "must name first_reply, next_reply or resolution",
        "for example {first_reply: 4h}",
    )
    assert (second["line"], second["column"], second["hint"]) == (8, 12, "did you mean 'channel'?")
    assert (
        run("check", rules).output.endswith("regia: 3 problems in the rules\n") or "in the rules" in run("check", rules).output
    )


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"categories: {a: {label: Perch\xe9}}\ndefault: a\n")
    for path, told in (
        (tmp_path / "gone.yaml", "gone.yaml: cannot be read: No such file or directory"),
        (tmp_path, "cannot be read: Is a directory"),
        (tmp_path / "latin.yaml", "latin.yaml:1:30: is not UTF-8 (save the file as UTF-8)"),
    ):
        done = run("check", path)
        assert (done.exit_code, told in done.output) == (2, True), done.output
