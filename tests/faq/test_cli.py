"""`regia faq`, and what `regia check` says of articles and of settings that name what there is not."""

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from regia.cli.main import app
from tests.faq.shop import ARTICLES, CONFIG, RULES, write
from tests.http.served import SECRETS


@pytest.fixture
def folder(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, {"regia.yaml": CONFIG, "rules.yaml": RULES, "data/regia.sqlite": migrated_sqlite.read_bytes()})
    write(tmp_path / "faq", ARTICLES)
    monkeypatch.chdir(tmp_path)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def regia(*arguments: str, status: int = 0) -> Result:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == status, done.output
    return done


def test_what_a_search_finds(folder: Path) -> None:
    assert regia("faq", "search", "shop", "restituzione resi").stdout.split() == [
        "return-item",
        "Come",
        "faccio",
        "un",
        "reso?",
    ]
    found = json.loads(regia("faq", "search", "shop", "return", "--language", "en", "--json").stdout)
    assert [one["id"] for one in found["articles"]] == ["return-item"]
    assert "nothing is found" in regia("faq", "search", "shop", "zzzz").stderr
    assert "there is no FAQ 'other': shop" in regia("faq", "search", "other", "x", status=2).stderr
    assert "--language must be one of it, en" in regia("faq", "search", "shop", "x", "--language", "de", status=2).stderr


def test_the_report(folder: Path) -> None:
    assert "nothing was read" in regia("faq", "report").stderr
    rows = [
        (20_000, "shop", article, "it", kind, "demo", number) for article, kind, number in (("a", "view", 5), ("b", "view", 7))
    ]
    with sqlite3.connect(folder / "data" / "regia.sqlite") as connection:
        columns = "day, faq, article, language, kind, brand, number"
        connection.executemany(f"INSERT INTO faq_counts ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608  # ours
    connection.close()
    assert regia("faq", "report", "--csv").stdout.splitlines()[1:] == ["shop,demo,b,7,0,0", "shop,demo,a,5,0,0"]
    assert [one["article"] for one in json.loads(regia("faq", "report", "--json", "--limit", "1").stdout)["articles"]] == ["b"]
    assert "nothing was read" in regia("faq", "report", "--since", "1d").stderr
    assert "read       7" in regia("faq", "report", "--faq", "shop", "--brand", "demo", "--language", "it").stdout


def test_a_check_shows_every_mistake_with_its_place(folder: Path) -> None:
    assert "no problems" in regia("check").stdout
    write(folder / "faq", {"a.it.md": "---\ntitle: x\ntitel: y\ncategory: orders\n---\n", "b.it.md": "no"})
    said = regia("check", status=2).stderr
    assert "faq/a.it.md:3:1: titel: is nothing that an article has" in said
    assert "faq/b.it.md:1:1: does not begin with its title" in said
    assert "2 problems in its folder" in regia("faq", "search", "shop", "x", status=2).stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("folder: faq", "folder: none", "faq.shop.folder: there is no such folder"),
        ("    form: form", "    form: from", "faq.shop.form: there is no web form of this name (did you mean form?)"),
        ("    form: form", "    form: desk", "faq.shop.form: there is no web form of this name"),
        (
            "brand: demo\n    folder",
            "brand: domo\n    folder",
            "faq.shop.brand: there is no brand of this name (did you mean demo?)",
        ),
        ("    faq: shop", "    faq: shup", "connectors.form.faq: there is no FAQ of this name (did you mean shop?)"),
        ("    folder: faq", "    folder: faq\n    languages: [de]", "faq.shop.languages[0]: must be"),
        ("    folder: faq", "    folder: faq\n    foldr: x", "faq.shop.foldr: is not a known key"),
        ("rules: [rules.yaml]", "rules: [rules.yaml]\nstate_page: {timezone: Europe/Rom}", "state_page.timezone: is not valid"),
        (
            "rules: [rules.yaml]",
            "rules: [rules.yaml]\nstate_page: {days: 0}",
            "state_page.days: must be greater than or equal to 1",
        ),
    ],
)
def test_settings_that_name_what_there_is_not(folder: Path, old: str, new: str, said: str) -> None:
    text = (folder / "regia.yaml").read_text()
    assert old in text
    (folder / "regia.yaml").write_text(text.replace(old, new, 1))
    assert said in regia("check", status=2).stderr
