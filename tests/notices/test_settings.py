"""Mistakes in `notices`, whom a name reaches, and what the command line says."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.problems import ConfigError
from regia.cli.main import app
from regia.compose import configure
from regia.noticing import directory, untold
from tests.notices.conftest import SECRETS, write_config

GOOD = """
notices:
  owners: {by: mail}
  lists:
    workshop: {email: [bench@example.it], by: mail, when: breach}
    room: {telegram: {chat: -1001}, by: bot, when: at_once}
    crm: {webhook: {url: "https://crm.example/x", secrets: ["${HOOK}"]}, digest: {every_minutes: 15}}
  customers: [{on: closed, template: closed}]
"""


def test_a_right_one(tmp_path: Path) -> None:
    found = configure(write_config(tmp_path, GOOD), SECRETS)
    lists = directory(found.settings.notices, found.connectors)
    for name, when in {"workshop": "breach", "room": "at_once", "crm": "digest", "Boss@Example.it": "digest"}.items():
        list_ = lists.of(name)
        assert list_ is not None
        assert list_.when == when
    assert [lists.of(name) for name in ("nobody", "help@demo.example", "help+x@demo.example", "not an@address")] == [None] * 4
    assert untold(lists, found.rules) == []


def test_names_by_which_nobody_is_told(tmp_path: Path) -> None:
    found = configure(write_config(tmp_path, "\nnotices: {lists: {boss@example.it: {email: [a@b.it], by: mail}}}\n"), SECRETS)
    told = untold(directory(found.settings.notices, found.connectors), found.rules)
    assert told == ["logistics@example.it (category returns)", "workshop (category warranty)"]
    none = configure(write_config(tmp_path, ""), SECRETS)
    assert untold(directory(none.settings.notices, none.connectors), none.rules) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("owners: {by: mail}", "owners: {when: at_once}", "needs by, the mail connector"),
        ("owners: {by: mail}", "owners: {by: bot}", "notices.owners.by: this connector sends no mails"),
        ("owners: {by: mail}", "owners: {by: form}", "notices.owners.by: this connector cannot send"),
        ("owners: {by: mail}", "owners: {by: post}", "notices.owners.by: there is no connector of this name"),
        ("bench@example.it", "help+1@demo.example", "notices.lists.workshop.email[0]: is one of our own mailboxes"),
        ("bench@example.it", "bench", "notices.lists.workshop.email[0]: is no mail address"),
        ("when: breach", "when: breach, digest: {at: ['08:00']}", "digest is only for when: digest, and this is breach"),
        ("when: breach", "when: never", "notices.lists.workshop.when"),
        ("when: breach", "brands: [nike]", "notices.lists.workshop.brands[0]: no connector has this brand"),
        ("when: breach", "timezone: Rome/Europe", "is no time zone"),
        ("by: bot", "by: mail", "notices.lists.room.by: this connector is no Telegram bot"),
        ("telegram: {chat: -1001}", "telegram: {chat: -1001}, email: [a@b.it]", "give one of email, telegram and webhook"),
        (", digest: {every_minutes: 15}", ", by: mail", "a web address is told by no connector"),
        ("every_minutes: 15", "every_minutes: 15, at: ['08:00']", "give either at"),
        ("{every_minutes: 15}", "{at: ['24:00']}", "notices.lists.crm.digest.at[0]"),
        ("https://crm.example/x", "ftp://crm.example", "notices.lists.crm.webhook.url"),
        ("template: closed", "template: clsed", "notices.customers[0].template: the rules have no template of this name"),
        ("on: closed", "on: lost", "notices.customers[0].on"),
        ("owners: {by: mail}", "link: 'https://x.example/{customer}'", "names something else than {message}"),
        ("owners: {by: mail}", "ownrs: {by: mail}", "notices.ownrs"),
        ("room:", "WORKSHOP@x.it: {email: [a@b.it], by: mail}\n    workshop@x.it:", "names an address twice"),
    ],
)
def test_mistakes_are_said_with_their_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as failed:
        configure(write_config(tmp_path, GOOD.replace(old, new)), SECRETS)
    assert told in str(failed.value)
    assert "regia.yaml:" in str(failed.value)


def test_what_the_command_line_says(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    path = str(write_config(tmp_path, GOOD.replace("  owners: {by: mail}\n", "")))

    def regia(*arguments: str) -> str:
        done = CliRunner().invoke(app, [*arguments, "-c", path])
        return f"{done.exit_code} {done.output}"

    shown = regia("notices", "preview", "workshop")
    assert shown.startswith("0 Subject: Contatti: 1\n")
    assert "Categoria: general" in shown
    assert '"type":"regia.notice.v1"' in regia("notices", "preview", "crm")
    assert "nobody is told by the name 'nobody'" in regia("notices", "preview", "nobody")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "regia.sqlite").write_bytes(migrated_sqlite.read_bytes())
    listed = regia("notices", "list")
    assert "breach by mail: 0 waiting, never told" in listed
    assert "digest by webhook: 0 waiting, never told" in listed
    assert "nobody is told by the name logistics@example.it (category returns)" in listed
    assert "hint: nobody is told by the name boss@example.it (rule spam)" in regia("check")
