"""Mistakes in `webhooks`, and what the command line says of webhooks."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.problems import ConfigError
from regia.cli.main import app
from regia.compose import configure, migrate
from regia.runners.webhooks import State, place_of
from storage import cursors
from storage.database import Database
from tests.webhooks.conftest import CONFIG, NEW, OLD, RULES

SECRETS = {"KEY": "a-key", "OLD": OLD, "NEW": NEW, "URL": "https://crm.example/regia"}


def written(folder: Path, old: str = "", new: str = "") -> Path:
    assert old in CONFIG
    (folder / "rules.yaml").write_text(RULES)
    (folder / "regia.yaml").write_text(CONFIG.replace(old, new))
    return folder / "regia.yaml"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[demo.general]", "[demo.generl]", "webhooks.crm.queues[0]: no rule has this queue (did you mean demo.general?)"),
        ("${URL}", "ftp://crm.example", "webhooks.crm.url"),
        ("${URL}", "https://user:pw@crm.example/", "webhooks.crm.url"),
        ('["${OLD}", "${NEW}"]', '["${KEY}"]', "write whsec_ and 24 to 64 bytes in base64"),
        ('["${OLD}", "${NEW}"]', "[]", "webhooks.crm.secrets"),
        ("${OLD}", OLD, "a secret stands in the file"),
    ],
)
def test_mistakes_are_said_with_their_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(ConfigError) as failed:
        configure(written(tmp_path, old, new), SECRETS)
    assert told in str(failed.value)
    assert "regia.yaml:" in str(failed.value)
    assert OLD not in str(failed.value).replace(f"secrets: [{OLD}", "")


def test_two_do_not_share_a_queue(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(CONFIG + CONFIG[CONFIG.index("  crm:") :].replace("crm", "second"))
    with pytest.raises(ConfigError, match="webhook crm takes from this queue too"):
        configure(path, SECRETS)


def test_what_the_command_line_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(written(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "data").mkdir()

    async def become(state: State) -> None:
        database = Database(f"sqlite:///{tmp_path / 'data' / 'regia.sqlite'}")
        await migrate(database)
        text = f'{{"failing_ms":{state.failing_ms},"disabled":"{state.disabled}"}}'
        await database.write(lambda one: cursors.move(one, place_of("crm"), text, 1))
        await database.close()

    def regia(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["webhook", *arguments, "-c", path])
        return f"{done.exit_code} {done.output}"

    asyncio.run(become(State(failing_ms=1_795_284_131_000, disabled="failing")))
    assert "demo.general: disabled: it failed since 2026-11-21T" in regia("list")
    assert regia("enable", "other").startswith("2 ")
    assert regia("enable", "crm") == "0 webhook crm goes on\n"
    assert "works, or has not been tried yet" in regia("list")
    assert "crm.example/regia demo.general" in regia("list")
    assert "1 " in regia("enable", "crm")
    assert "is not disabled" in regia("enable", "crm")
