"""Surveys as the configuration writes them, and what is wrong with them, with its place."""

from pathlib import Path
from typing import Any

import pytest

from config.problems import ConfigError
from regia.compose import Configured, configure
from tests.http.served import CONFIG, RULES, SECRETS

SCALE = "{name: score, kind: scale, text: {it: Voto}}"


def read(tmp_path: Path, surveys: str) -> Configured:
    path = tmp_path / "regia.yaml"
    path.write_text(f"{CONFIG}\nsurveys:\n{surveys}")
    path.with_name("rules.yaml").write_text(RULES)
    return configure(path, SECRETS)


@pytest.mark.parametrize(
    ("surveys", "where", "told"),
    [
        ("  a: {brands: [dmeo]}", "surveys.a.brands[0]", "there is no brand of this name (did you mean demo?)"),
        ("  a: {categories: [returs]}", "surveys.a.categories[0]", "there is no category of this name (did you mean returns?)"),
        ("  a: {evry_days: 3}", "surveys.a.evry_days", "did you mean every_days?"),
        ("  a: {open_days: 9, every_days: 8}", "surveys.a", "open_days must not be more than every_days"),
        (f"  a: {{questions: [{SCALE}, {SCALE}]}}", "surveys.a", "two questions have the same name"),
        ("  a: {questions: []}", "surveys.a", "one or two"),
        (f"  a: {{questions: [{SCALE}, {SCALE}, {SCALE}]}}", "surveys.a", "one or two"),
        ("  a: {questions: [{name: q, kind: choice, text: {it: A}}]}", "surveys.a.questions[0]", "at least two"),
        ("  a: {questions: [{name: q, kind: words, text: {it: A}, labels: {it: [a, b, c, d, e]}}]}", "", "for a scale"),
        ("  a: {questions: [{name: q, kind: scale, text: {it: A}, labels: {it: [a, b]}}]}", "labels.it", ""),
        ("  a: {questions: [{name: q, kind: scale, text: {it: A}, choices: {x: {it: A}, y: {it: B}}}]}", "", "for a choice"),
        ("  a: {questions: [{name: q, kind: scale, text: {}}]}", "surveys.a.questions[0].text", ""),
        ("  a: {questions: [{name: q, kind: stars, text: {it: A}}]}", "surveys.a.questions[0].kind", ""),
        ("  a: {questions: [{name: Frage 1, kind: scale, text: {it: A}}]}", "surveys.a.questions[0].name", ""),
        ("  a: {link: sometimes}", "surveys.a.link", ""),
        ("  a: {thanks: {italiano: Grazie}}", "surveys.a.thanks", ""),
    ],
)
def test_what_cannot_be(tmp_path: Path, surveys: str, where: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, surveys)
    (problem,) = error.value.problems
    assert where in str(problem)
    assert told in str(problem)
    assert problem.line > CONFIG.count("\n")


def test_what_is_usual(tmp_path: Path) -> None:
    usual = read(tmp_path, "  a: {}").settings.surveys["a"]
    shown: dict[str, Any] = usual.model_dump(exclude={"questions", "intro", "thanks"})
    assert shown == {
        "brands": (),
        "categories": (),
        "channels": (),
        "except_reasons": ("spam",),
        "every_days": 90,
        "delay_minutes": 10,
        "open_days": 7,
        "words_hours": 12,
        "link": "auto",
        "only_answered": True,
    }
