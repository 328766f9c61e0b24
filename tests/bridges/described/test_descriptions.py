"""Mistakes in descriptions, and in the settings of a bridge that names one: each is said with its place."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.loader import read_included
from config.problems import ConfigError
from desk.bridges.described.description import Description
from regia.bridges.http import SHIPPED
from regia.cli.main import app
from regia.compose import configure
from tests.bridges.conftest import CONFIG, RULES
from tests.bridges.described.systems import WithFirstPage
from tests.servers.process import free_port

GOOD = """\
name: Small
settings:
  values: {group: {about: a group, default: ""}}
  secrets: {token: a token}
auth: {scheme: bearer, token: "{secret.token}"}
closed: [done]
reopened: todo
lacks: [files]
url: "{url}/t/{ticket}"
check:
  path: /me
  keep: {me: answer.id}
open:
  method: POST
  path: /tickets
  json: {title: "{title}", body: "{text} {sign}", group: "{set.group}"}
  keep: {ticket: answer.id}
find:
  path: /tickets
  query: {q: "{mark}", page: "{page}"}
  list: answer
  pages: {by: number}
  ticket: item.id
ticket:
  path: /tickets/{ticket}
  maybe: {status: answer.status}
add:
  method: POST
  path: /tickets/{ticket}/notes
  json: {body: "{text} {sign}"}
note:
  method: POST
  path: /tickets/{ticket}/notes
  json: {body: "{text} {sign}"}
reopen:
  - path: /tickets/{ticket}/moves
    keep: {move: "answer[0].id"}
  - method: POST
    path: /tickets/{ticket}/moves
    json: {id: "{kept.move}"}
changed:
  path: /tickets
  query: {since: "{since}"}
  list: answer
  ticket: item.id
  status: item.status
  at: item.at
written:
  path: /tickets/{ticket}/notes
  list: answer
  id: item.id
  at: item.at
  own: item.user == kept.me
  text: item.text
"""
LACKING = "lacks: [files]"


def read(folder: Path, text: str) -> Description:
    (folder / "small.yaml").write_text(text)
    return read_included(folder / "small.yaml", Description)


def test_a_good_one_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD).shortcomings() == ["files stay links"]


@pytest.mark.parametrize("name", SHIPPED.names)
def test_those_that_ship_are_good(name: str) -> None:
    assert SHIPPED.get(name).name


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("lacks: [files]\n", "", "small.yaml:1:1: files is missing: describe it, or write it under lacks"),
        (LACKING, "lacks: [files, find]", ":8:16: lacks[1]: find is described, so the system does not lack it"),
        (LACKING, "lacks: [files, wings]", ":8:16: lacks[1]: must be one of 'find', 'add', 'note', 'reopen', 'files', "),
        ("name: Small\n", "", "small.yaml:1:1: name: is missing"),
        ("bearer, token:", "bearer, tokn:", ":5:24: auth.tokn: is not a known key (did you mean token?)"),
        ("scheme: bearer", "scheme: kerberos", ":5:16: auth.scheme: must be one of 'bearer', 'basic', 'header'"),
        (
            "{secret.token}",
            "{secret.key}",
            "5:31: auth.token: {secret.key} is not known here; known are: secret.token, set.group",
        ),
        (
            'q: "{mark}"',
            'q: "{secret.token}"',
            ":20:14: find.query.q: {secret.token} is not known here; secrets stand in auth and",
        ),
        (
            'q: "{mark}"',
            'q: "{title}"',
            ":20:14: find.query.q: {title} is not known here; known are: kept.me, mark, minutes, page",
        ),
        ('q: "{mark}"', 'q: "{mark} {since}"', "find: is asked by time, so it does not know all contacts: describe holds too"),
        ('q: "{mark}"', 'q: "{mark"', "find.query: has a brace without its other half"),
        ('q: "{mark}"', 'q: "{mark:upper}"', "after the colon of a placeholder only `number` or `html` may stand"),
        ('"{kept.move}"', '"{kept.mve}"', "reopen[1].json.id: {kept.mve} is not known here; known are: kept.me, kept.move"),
        ("json: {body", "form: {body: x}\n  json: {body", "add: has json and form: a request has one body"),
        ("path: /me", "path: me", ":11:3: check: path must begin with /"),
        ("path: /me", "json: {a: b}\n  path: /me", "check: is a GET, which has no body"),
        ("  keep: {ticket: answer.id}\n", "", "open: does not keep ticket: write keep: {ticket: …}"),
        ("answer.status", "answer.status |", "ticket.maybe.status: is no JMESPath expression: see its character"),
        ("answer.status", "item.status", "ticket.maybe.status: an expression here begins with one of: answer, files"),
        ("item.status", "itm.status", "changed.status: an expression here begins with one of: answer, files, headers, item"),
        ("kept.me", "kept.you", "written.own: kept.you is kept by no step before; kept are: me"),
        (
            "own: item.user == kept.me",
            "own: '!item.user'",
            "written.own: has a ! before a path, which takes its first word alone",
        ),
        ("own: item.user == kept.me", "own: set.team", "written.own: set.team is no value of settings"),
        ("  text: item.text\n", "", "written: write text or html: where the words stand"),
        ("pages: {by: number}", "pages: {by: cursor}", "find.pages: next says where the cursor or the address stands"),
        ("{text} {sign}", "{text}", "open: must hold {mark} or {sign}: by it the contact is found again"),
        ("lacks: [files]", 'lacks: [files]\nsign: "regia"', "sign: must hold {mark}: else nobody could tell one contact"),
        ("closed: [done]\n", "", "reopen: opens closed tickets: say under closed which statuses those are"),
        ("/tickets/{ticket}/moves", "/moves", "reopen[0].path: does not name {ticket}"),
        (LACKING, "lacks: []\nfiles: {parts: true}", "open: does not take {files}, which files makes"),
        (LACKING, "lacks: []\nfiles: {}", "files: write one of upload, inside and parts"),
        (LACKING, f"{LACKING}\ntimes: {{zone: Rome}}", "times.zone: is no name of the time zone database"),
        (LACKING, f"{LACKING}\ntimes: {{write: '%d.%m.'}}", "times.write: does not say where the year stands"),
        ("  path: /me", "  path: /me\n  outcomes: [{status: 200, means: fine}]", "outcomes[0].means: must be one of 'done', "),
    ],
)
def test_mistakes_are_said_with_their_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as failed:
        read(tmp_path, GOOD.replace(old, new))
    assert told in str(failed.value)


def test_what_stands_or_falls_together_is_said(tmp_path: Path) -> None:
    start, end = GOOD.index("find:"), GOOD.index("ticket:\n")
    with pytest.raises(ConfigError) as failed:
        read(tmp_path, (GOOD[:start] + GOOD[end:]).replace(LACKING, "lacks: [files, find]"))
    assert "note: needs find or holds: else a note would be written again and again" in str(failed.value)
    assert "written: needs find or holds: nothing else tells whether a ticket" in str(failed.value)


BRIDGE = """
bridges:
  helpdesk:
    type: http
    description: small.yaml
    queues: [demo.general]
    url: ${URL}
    secrets: {token: "${TOKEN}"}
    answers: all
"""
SECRETS = {"KEY": "a-key", "TOKEN": "a-token", "URL": "http://127.0.0.1:1/"}


def written(folder: Path, old: str = "", new: str = "", description: str = GOOD) -> Path:
    assert old in BRIDGE
    (folder / "rules.yaml").write_text(RULES)
    (folder / "small.yaml").write_text(description)
    (folder / "regia.yaml").write_text(CONFIG[: CONFIG.index("bridges:")] + BRIDGE.replace(old, new))
    return folder / "regia.yaml"


def test_a_bridge_names_a_file_beside_its_configuration(tmp_path: Path) -> None:
    bridge = configure(written(tmp_path), SECRETS).settings.bridges["helpdesk"]
    assert bridge.description.name == "Small"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("small.yaml", "other.yaml", "other.yaml"),
        (
            "small.yaml",
            "zendsk",
            "description: is none of freshdesk, jira-service-management, osticket, zendesk, and no path: a ",
        ),
        ("small.yaml", "zendsk", "(did you mean zendesk?)"),
        ("small.yaml", "zendesk", "values: user is missing: the e-mail address of an agent that is the bridge's alone"),
        (
            "    secrets: {token:",
            "    values: {team: 1}\n    secrets: {token:",
            "values: the description has no team; it has: group",
        ),
        ('    secrets: {token: "${TOKEN}"}\n', "", "secrets: token is missing: a token"),
        ('token: "${TOKEN}"', "token: abc", "a secret stands in the file"),
        ("    answers: all\n", "", "answers is missing: the system has no private messages, so say which ones customers get"),
        ("answers: all", "answers: all\n    priorities: {3: high}", "priorities: the description has no {priority}"),
        ("answers: all", "answers: all\n    reopened: next", "reopened: the description has no {reopened}"),
    ],
)
def test_mistakes_in_settings_are_said(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(ConfigError) as failed:
        configure(written(tmp_path, old, new), SECRETS)
    assert told in str(failed.value)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("when_closed: reopen", "when_closed: the description cannot open a closed ticket again: write follow_up"),
        ("agents: [ada]", "agents and answers: the description brings no answers of agents back"),
    ],
)
def test_what_the_system_cannot_is_no_setting(tmp_path: Path, more: str, told: str) -> None:
    block = f"description: osticket\n    values: {{requester: a@b.example}}\n    {more}\n"
    path = written(tmp_path, "description: small.yaml\n", block)
    path.write_text(path.read_text().replace("token:", "key:").replace("    answers: all\n", ""))
    with pytest.raises(ConfigError) as failed:
        configure(path, SECRETS)
    assert told in str(failed.value)


def test_a_mistake_in_the_file_has_the_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as failed:
        configure(written(tmp_path, description=GOOD.replace("path: /me", "pth: /me")), SECRETS)
    assert "small.yaml:11:3: check" in str(failed.value)


async def test_the_command_line_says_what_is_wrong_and_what_is_lacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    block = "description: osticket\n    values: {requester: a@b.example}\n"
    path = written(tmp_path, "description: small.yaml\n", block)
    path.write_text(path.read_text().replace("token:", "key:").replace("    answers: all\n", ""))
    monkeypatch.chdir(tmp_path)
    async with WithFirstPage() as fake:
        for name, value in (SECRETS | {"TOKEN": fake.key, "URL": fake.url}).items():
            monkeypatch.setenv(name, value)
        told = await asyncio.to_thread(_listed, path)
        assert "demo.general: answers; run by regia run" in told
        assert "- nothing can be put into a ticket that is there, so each contact opens one of its own" in told
        assert "- it cannot be asked for a contact, so one whose answer was lost may be in two tickets" in told
    monkeypatch.setenv("URL", f"http://127.0.0.1:{free_port()}/")
    assert "osTicket gave no answer" in await asyncio.to_thread(_listed, path)
    (tmp_path / "small.yaml").write_text(GOOD.replace("path: /me", "pth: /me"))
    path.write_text(CONFIG[: CONFIG.index("bridges:")] + BRIDGE)
    assert "small.yaml:11:3: check.pth: is not a known key (did you mean path?)" in await asyncio.to_thread(_listed, path)


def _listed(path: Path) -> str:
    return CliRunner().invoke(app, ["bridge", "list", "-c", str(path)]).output
