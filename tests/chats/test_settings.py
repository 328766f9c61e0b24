"""What a chat names of the rules."""

from pathlib import Path

import pytest

from config.problems import ConfigError
from regia.compose import configure

CONFIG = """
links_key: ${KEY}
rules: [rules.yaml]
connectors:
  site: {type: chat, brand: demo, hours: HOURS}
"""
RULES = """
categories: {general: {label: Altro}}
default: general
rules: []
calendars:
  office: {timezone: Europe/Rome, hours: {mon-fri: "09:00-18:00"}}
"""


@pytest.mark.parametrize(
    ("hours", "hint"), [("office", None), ("ofice", "did you mean office?"), ("night", "calendars: office")]
)
def test_its_calendar_is_one_of_the_rules(tmp_path: Path, hours: str, hint: str | None) -> None:
    path = tmp_path / "regia.yaml"
    path.write_text(CONFIG.replace("HOURS", hours))
    (tmp_path / "rules.yaml").write_text(RULES)
    if hint is None:
        assert configure(path, {"KEY": "key-of-links"}).connectors
        return
    with pytest.raises(ConfigError) as caught:
        configure(path, {"KEY": "key-of-links"})
    (problem,) = caught.value.problems
    assert "regia.yaml:5:" in str(problem)
    assert "the rules have no calendar of this name" in str(problem)
    assert hint in str(problem)
