"""How long things are kept, as the configuration says it."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from config.problems import ConfigError
from regia.compose import configure
from regia.erasing.settings import Retention
from tests.http.served import CONFIG, RULES, SECRETS


def test_a_brand_differs_only_where_it_says_so() -> None:
    found = Retention.model_validate(
        {"messages": 365, "raw": 30, "brands": {"demo": {"raw": None}, "other": {"messages": 10, "signals": 5}}}
    )
    assert [found.days("messages", brand) for brand in (None, "demo", "other", "third")] == [365, 365, 10, 365]
    assert [found.days("raw", brand) for brand in (None, "demo", "other")] == [30, None, 30]
    assert [found.days("signals", brand) for brand in (None, "other")] == [None, 5]


def test_what_is_kept_when_nothing_is_said() -> None:
    found = Retention()
    kept = {"event_ids": 30, "mentions": 2, "notices": 30}
    kinds = [name for name in Retention.model_fields if name != "brands"]
    assert {kind: found.days(kind) for kind in kinds} == dict.fromkeys(kinds) | kept  # type: ignore[arg-type]  # names of kinds


@pytest.mark.parametrize("wrong", [{"messages": 0}, {"raw": -1}, {"message": 5}, {"brands": {"demo": {"events": 5}}}])
def test_what_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Retention.model_validate(wrong)


def test_a_brand_that_no_connector_has(tmp_path: Path) -> None:
    path = tmp_path / "regia.yaml"
    path.write_text(CONFIG + "retention:\n  brands:\n    demo: {raw: 30}\n    dmeo: {raw: 30}\n")
    path.with_name("rules.yaml").write_text(RULES)
    with pytest.raises(ConfigError) as error:
        configure(path, SECRETS)
    assert [str(one).rpartition("regia.yaml:")[2].partition(" ")[2] for one in error.value.problems] == [
        "retention.brands.dmeo: no connector has this brand"
    ]
