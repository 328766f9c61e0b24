"""`REGIA__SECTION__KEY` variables: what they set, and what is said of those that lead nowhere."""

from pathlib import Path
from typing import Any

import pytest

from config.loader import SettingsDocument, read

YAML = """\
server:
  port: 8080
  Public_URL: http://localhost
connectors:
  site-form: {type: web_form, fields: [name, phone]}
  whats_app: {type: whatsapp}
queues:
"""


def document(tmp_path: Path, environ: dict[str, str], text: str = YAML) -> SettingsDocument:
    path = tmp_path / "regia.yaml"
    path.write_text(text)
    return read(path, environ)


@pytest.mark.parametrize(
    ("variable", "value", "path", "expected"),
    [
        ("REGIA__SERVER__PORT", "9090", ("server", "port"), 9090),
        ("REGIA__server__port", " 9090\n", ("server", "port"), 9090),
        ("REGIA__SERVER__PUBLIC_URL", "https://x", ("server", "Public_URL"), "https://x"),
        ("REGIA__SERVER__DEBUG", "true", ("server", "debug"), True),
        ("REGIA__SERVER__NAME", "no", ("server", "name"), "no"),
        ("REGIA__SERVER__NAME", "", ("server", "name"), None),
        ("REGIA__SERVER", "{port: 1}", ("server",), {"port": 1}),
        ("REGIA__CONNECTORS__SITE-FORM__TYPE", "x", ("connectors", "site-form", "type"), "x"),
        ("REGIA__CONNECTORS__SITE_FORM__TYPE", "x", ("connectors", "site-form", "type"), "x"),
        ("REGIA__CONNECTORS__WHATS-APP__TYPE", "x", ("connectors", "whats_app", "type"), "x"),
        ("REGIA__CONNECTORS__SITE_FORM__FIELDS__1", "mail", ("connectors", "site-form", "fields"), ["name", "mail"]),
        ("REGIA__CONNECTORS__SITE_FORM__FIELDS", "[a, 'b: c']", ("connectors", "site-form", "fields"), ["a", "b: c"]),
        ("REGIA__QUEUES__URL", "amqp://u:p#w@h/x: y", ("queues", "url"), "amqp://u:p#w@h/x: y"),
        ("REGIA__QUEUES__LOCAL__LEASE", "30", ("queues", "local", "lease"), 30),
        ("REGIA__DATA__PATH", "*not-an-alias", ("data", "path"), "*not-an-alias"),
        ("REGIA__DATA__PATH", "'[x'", ("data", "path"), "[x"),
        ("REGIA__DATA__PATH", "${HOME}/x", ("data", "path"), "${HOME}/x"),
    ],
)
def test_a_variable_sets_one_value(tmp_path: Path, variable: str, value: str, path: tuple[str, ...], expected: Any) -> None:
    changed = document(tmp_path, {variable: value, "PATH": "/bin", "REGIA_X": "1", "regia__x": "1"})
    assert changed.problems == ()
    assert changed.get(*path, default="absent") == expected


def test_the_rest_of_the_file_stays(tmp_path: Path) -> None:
    changed = document(tmp_path, {"REGIA__SERVER__PORT": "1"})
    plain = document(tmp_path, {})
    plain.data["server"]["port"] = 1
    assert changed.data == plain.data


def test_a_key_refines_the_section_another_variable_set(tmp_path: Path) -> None:
    environ = {"REGIA__SERVER__PORT": "2", "REGIA__SERVER": "{port: 1, host: x}"}
    assert document(tmp_path, environ).get("server") == {"port": 2, "host": "x"}


def test_an_empty_file_can_be_filled_from_the_environment(tmp_path: Path) -> None:
    assert document(tmp_path, {"REGIA__DATA__PATH": "/srv"}, text="").data == {"data": {"path": "/srv"}}


BAD = {
    "empty_part": ("REGIA__SERVER____PORT", "1", "has an empty part in its name (write REGIA__SECTION__KEY)"),
    "no_part": ("REGIA__", "1", "has an empty part in its name (write REGIA__SECTION__KEY)"),
    "below_a_value": ("REGIA__SERVER__PORT__X", "1", "server.port is a value and has no keys"),
    "not_a_number": (
        "REGIA__CONNECTORS__SITE_FORM__FIELDS__X",
        "s3cret",
        "connectors.site-form.fields is a list of 2 (name an item by its number, from 0)",
    ),
    "beyond_the_list": (
        "REGIA__CONNECTORS__SITE_FORM__FIELDS__2",
        "s3cret",
        "connectors.site-form.fields is a list of 2 (name an item by its number, from 0)",
    ),
    "broken_yaml": (
        "REGIA__SERVER__X",
        "[s3cret",
        "as YAML: a ',' or the closing bracket is missing (put text that begins with a bracket or a quote in single quotes)",
    ),
    "tag": (
        "REGIA__SERVER__X",
        "[!!python/name:s3cret x]",
        "as YAML: tags (!…) are not allowed (put text that begins with a bracket or a quote in single quotes)",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_variable_that_leads_nowhere_is_a_problem(tmp_path: Path, case: str) -> None:
    variable, value, message = BAD[case]
    changed = document(tmp_path, {variable: value})
    assert [str(problem) for problem in changed.problems] == [f"{variable}: {message}"]
    assert "s3cret" not in repr(changed)


def test_two_variables_for_one_key_are_a_problem(tmp_path: Path) -> None:
    changed = document(tmp_path, {"REGIA__SERVER__PORT": "1", "REGIA__SERVER__port": "2"})
    assert [str(problem) for problem in changed.problems] == [
        "REGIA__SERVER__port: sets the same key as REGIA__SERVER__PORT (keep one of them)"
    ]


def test_a_variable_that_fits_two_keys_is_a_problem(tmp_path: Path) -> None:
    changed = document(tmp_path, {"REGIA__A__X_Y": "1"}, text="a: {x-y: 1, X-Y: 2}")
    assert [str(problem) for problem in changed.problems] == [
        "REGIA__A__X_Y: could mean a.x-y or a.X-Y (rename one of the keys)"
    ]
