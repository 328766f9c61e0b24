"""docs/bridges-http.md: its example is read, its mistakes are what is told, its entry holds."""

from pathlib import Path

import pytest

from config.document import read_yaml
from config.loader import read_included
from config.problems import ConfigError
from desk.bridges.described.description import Description
from regia.bridges.http import SHIPPED, HttpBridge
from tests.docs.pages import blocks, read

PAGE = "docs/bridges-http.md"


def example() -> str:
    (found,) = (one.text for one in blocks(PAGE, "yml") if one.first_line == "# small.yaml")
    return found


def test_the_example_is_a_description(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(example(), encoding="utf-8")
    assert read_included(tmp_path / "small.yaml", Description).shortcomings() == ["files stay links"]


def test_the_mistakes_are_what_is_told(tmp_path: Path) -> None:
    shown = next(one.text for one in blocks(PAGE, "text") if one.first_line.startswith("small.yaml:"))
    wrong = example().replace('q: "{mark}"', 'q: "{title}"').replace("answer.status", "item.status")
    (tmp_path / "small.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        read_included(tmp_path / "small.yaml", Description)
    assert str(told.value).replace(f"{tmp_path}/", "") == shown.strip()


@pytest.mark.parametrize("page", [PAGE, "docs/bridges.md"])
def test_the_entries_hold(page: str) -> None:
    entries = [read_yaml(one.text).data["bridges"]["helpdesk"] for one in blocks(page, "yaml")]
    described = [one for one in entries if one["type"] == "http"]
    assert described
    for one in described:
        assert HttpBridge.model_validate(one).place.url.startswith("https://company.")


def test_all_that_ship_stand_on_the_page() -> None:
    assert [name for name in SHIPPED.names if f"| `{name}` |" not in read(PAGE)] == []
