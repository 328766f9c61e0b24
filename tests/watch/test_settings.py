"""Limits of silence as they are written in the file."""

from pathlib import Path

import pytest

from config.problems import ConfigError
from regia.compose import configure
from regia.watch.settings import Silence

FILE = """
links_key: ${KEY}
rules: [rules.yaml]
connectors:
  site-form: {type: web_form, brand: demo}
watch:
  silence:
    contacts: 12
    connectors:
"""


def silence(folder: Path, own: str) -> Silence:
    (folder / "regia.yaml").write_text(f"{FILE}      {own}\n")
    (folder / "rules.yaml").write_text("categories: {general: {}}\ndefault: general\n")
    return configure(folder / "regia.yaml", {"KEY": "key-of-links"}).settings.watch.silence


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("site-form: off", None),
        ("site-form: {}", (12, 30)),
        ("site-form: {contacts: 3}", (3, 30)),
        ("site-form: {minutes: 60}", (12, 60)),
        ("{}", (12, 30)),
    ],
)
def test_a_connector_has_its_own_or_what_all_have(tmp_path: Path, own: str, expected: tuple[float, int] | None) -> None:
    limits = silence(tmp_path, own).limits("site-form")
    assert (limits and (limits.contacts, limits.minutes)) == expected


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("site_form: off", "regia.yaml:10:7: watch.silence.connectors.site_form: there is no connector of this name"),
        ("site-form: {contacts: 0}", "watch.silence.connectors.site-form.contacts: must be greater than 0"),
        ("site-form: {minutes: 1}", "watch.silence.connectors.site-form.minutes: must be greater than or equal to 5"),
        (
            "site-form: {contracts: 9}",
            "watch.silence.connectors.site-form.contracts: is not a known key (did you mean contacts?)",
        ),
        ("site-form: never", "watch.silence.connectors.site-form: must be one of 'off'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, own: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        silence(tmp_path, own)
    (told,) = str(error.value).splitlines()
    assert said in told
