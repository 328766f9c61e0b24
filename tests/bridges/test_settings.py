"""Mistakes in `bridges`, and what the command line says of bridges."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.problems import ConfigError
from regia.cli.main import app
from regia.compose import configure
from tests.bridges.conftest import CONFIG, HEAD, RULES
from tests.servers.process import free_port
from tests.servers.roundup import PASSWORD, RoundupServer

SECRETS = {"KEY": "a-key", "TRACKER": "http://127.0.0.1:1/tracker/", "PASSWORD": PASSWORD}


def written(folder: Path, old: str = "", new: str = "") -> Path:
    assert old in CONFIG
    (folder / "rules.yaml").write_text(RULES)
    (folder / "regia.yaml").write_text(CONFIG.replace(old, new))
    return folder / "regia.yaml"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[demo.general]", "[demo.generl]", "bridges.helpdesk.queues[0]: no rule has this queue (did you mean demo.general?)"),
        ("[demo.general]", "[demo.general, demo.general]", "names a queue twice"),
        ("answers: all", "answers: some", "bridges.helpdesk.answers: must be one of 'all' or 'marked'"),
        ("    answers: all\n", "", "bridges.helpdesk.answers"),
        ("answers: all", "answers: all\n    closed: [chatting]", "no contact could open a ticket again"),
        ("answers: all", "answers: all\n    paused: [resolved]", "paused: resolved is a state in which a ticket is closed"),
        ("answers: all", "answers: all\n    paused: [chatting]", "paused: chatting is a state"),
        ("answers: all", "answers: all\n    inside: false", "bridges.helpdesk.inside: needs Redis (coordination.url)"),
        (
            "type: roundup",
            "type: zendesk",
            "bridges.helpdesk.type: must be one of 'http', 'hubspot', 'rt', 'roundup', 'zammad'",
        ),
        ("type: roundup", "type: zamad", "(did you mean zammad?)"),
        ("    type: roundup\n", "", "bridges.helpdesk.type: "),
        ("type: roundup", "type: rt", "bridges.helpdesk.queue"),
        ("${PASSWORD}", "secret", "a secret stands in the file"),
    ],
)
def test_mistakes_are_said_with_their_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(ConfigError) as failed:
        configure(written(tmp_path, old, new), SECRETS)
    assert told in str(failed.value)
    assert "regia.yaml:" in str(failed.value)


OTHERS = {
    "rt": """
    type: rt
    queues: [demo.general]
    url: ${TRACKER}
    queue: General
    token: ${PASSWORD}
""",
    "zammad": """
    type: zammad
    queues: [demo.general]
    url: ${TRACKER}
    token: ${PASSWORD}
    group: Users
    unknown_customer: unknown@example.it
""",
    "hubspot": """
    type: hubspot
    queues: [demo.general]
    token: ${PASSWORD}
    portal: '146'
""",
}


def another(folder: Path, type_: str, old: str = "", new: str = "") -> Path:
    path = written(folder)
    assert old in OTHERS[type_]
    path.write_text(HEAD + OTHERS[type_].lstrip("\n").replace(old, new))
    return path


@pytest.mark.parametrize("type_", OTHERS)
def test_each_type_has_settings_of_its_own(tmp_path: Path, type_: str) -> None:
    found = configure(another(tmp_path, type_), SECRETS).settings.bridges["helpdesk"]
    assert found.type == type_
    assert found.reopened not in found.closed


@pytest.mark.parametrize(
    ("type_", "old", "new", "told"),
    [
        ("rt", "    token: ${PASSWORD}\n", "", "needs a token, or user and password, and not both"),
        ("rt", "queue: General", "queue: General\n    user: regia", "needs a token, or user and password, and not both"),
        ("rt", "queue: General", "queue: General\n    priorities: {5: high}", "bridges.helpdesk.priorities.5"),
        ("rt", "queue: General", "queue: General\n    answers: all", "bridges.helpdesk.answers"),
        ("zammad", "unknown@example.it", "nobody", "bridges.helpdesk.unknown_customer"),
        ("zammad", "    group: Users\n", "", "bridges.helpdesk.group"),
        ("zammad", "group: Users", "group: Users\n    customers: everybody", "bridges.helpdesk.customers: must be one of"),
        ("hubspot", "'146'", "abc", "bridges.helpdesk.portal"),
        ("hubspot", "'146'", "'146'\n    property: Our Contact", "bridges.helpdesk.property"),
        ("hubspot", "${PASSWORD}", "pat-eu1", "a secret stands in the file"),
    ],
)
def test_mistakes_in_those_are_said_too(tmp_path: Path, type_: str, old: str, new: str, told: str) -> None:
    with pytest.raises(ConfigError) as failed:
        configure(another(tmp_path, type_, old, new), SECRETS)
    assert told in str(failed.value)
    assert "regia.yaml:" in str(failed.value)


def test_two_bridges_do_not_share_a_queue(tmp_path: Path) -> None:
    path = written(tmp_path)
    block = CONFIG[CONFIG.index("  helpdesk:") :]
    path.write_text(CONFIG + block.replace("helpdesk", "second"))
    with pytest.raises(ConfigError, match="bridge helpdesk takes from this queue too"):
        configure(path, SECRETS)


def regia(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["bridge", *arguments])
    return f"{done.exit_code} {done.output}"


def test_what_the_command_line_says(tmp_path: Path, tracker: RoundupServer, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(written(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name, value in (SECRETS | {"TRACKER": tracker.url}).items():
        monkeypatch.setenv(name, value)
    assert "demo.general: answers; run by regia run" in regia("list", "-c", path)
    monkeypatch.setenv("REGIA__BRIDGES__HELPDESK__URL", f"http://127.0.0.1:{free_port()}/tracker/")
    assert "Roundup gave no answer" in regia("list", "-c", path)
    assert regia("run", "helpdesk", "-c", path).startswith("2 ")
    assert "set bridges.helpdesk.inside to false" in regia("run", "helpdesk", "-c", path)
    assert "there is no bridge 'other'; bridges: helpdesk" in regia("run", "other", "-c", path)
