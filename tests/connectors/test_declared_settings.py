"""Descriptions in files: where they are looked for, and what is said about one that is wrong."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from config.loader import read
from config.problems import ConfigError
from connectors.base import Request
from connectors.declared.connector import CHANNEL
from connectors.declared.settings import SHIPPED, WebhookSettings
from regia.cli.parse import _Reader
from tests.subjects.webhook import CHAT, SUBJECTS

GOOD = """\
channel: mine
signature: {scheme: token, header: X-Token}
message:
  external_id: event.id
  sender: {kind: visitor, id: event.from}
  text: event.text
"""
SECRET = "a-secret-of-the-tests"


def settings(folder: Path, entry: str, description: str | None = GOOD, name: str = "own.yaml") -> WebhookSettings:
    """The settings of a connector as the gateway reads them, with a description beside the configuration."""
    if description is not None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(description, encoding="utf-8")
    (folder / "regia.yaml").write_text(entry, encoding="utf-8")
    document = read(folder / "regia.yaml", {"SECRET": SECRET})
    return document.validate(WebhookSettings, secrets_folder=folder)


def entry(**keys: str) -> str:
    plain = {"type": "webhook", "brand": "demo", "secret": "${SECRET}", **keys}
    return "".join(f"{key}: {value}\n" for key, value in plain.items())


def told(folder: Path, text: str, description: str | None = GOOD) -> list[str]:
    with pytest.raises(ConfigError) as wrong:
        settings(folder, text, description)
    return [line.removeprefix(f"{folder}/") for line in str(wrong.value).splitlines()]


@pytest.mark.parametrize("name", ["own.yaml", "./own.yaml", "sub/own.yml"])
def test_a_path_starts_at_the_configuration_file(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert settings(tmp_path, entry(description=name), name=name).described.channel == "mine"
    assert settings(tmp_path, entry(description=str(tmp_path / name)), name=name).described.channel == "mine"


def test_a_description_may_stand_in_the_entry(tmp_path: Path) -> None:
    inline = entry() + "describe:\n" + "".join(f"  {line}\n" for line in GOOD.splitlines())
    assert settings(tmp_path, inline).described.channel == "mine"


def test_those_that_ship_with_us_are_found_by_name(tmp_path: Path) -> None:
    assert {subject.settings["description"] for subject in SUBJECTS} == set(SHIPPED)
    assert settings(tmp_path, entry(description="review_site"), None).described.channel == "reviews"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("singature: {}", "own.yaml:7:1: singature: is not a known key (did you mean signature?)"),
        ("kind: event.typ[", "own.yaml:7:7: kind: is no JMESPath expression: see its character 11"),
        ("kind: ''", "own.yaml:7:7: kind: is no JMESPath expression: it is empty"),
        ("kind: type", "own.yaml:7:7: kind: an expression here begins with one of: event, body, headers, key"),
        ("events: event.x", "own.yaml:7:9: events: an expression here begins with one of: body, headers"),
        ("key: [event.id, 'event.(']", "own.yaml:7:17: key[1]: is no JMESPath expression: see its character 7"),
        (
            "account: strats_with(event.id, 'x')",
            "own.yaml:7:10: account: calls a function that JMESPath does not have: is starts_with meant?",
        ),
        ("account: join(event.id)", "own.yaml:7:10: account: calls join with 1 arguments, it takes 2"),
        ("send: {url: '{aip}', body: '', limits: {}}", "own.yaml:7:13: send.url: has a placeholder that is not known here"),
        ("acknowledge: {body: '{x}'}", "own.yaml:7:21: acknowledge.body: has a placeholder that is not known here"),
        ("account: headers.authorization", "own.yaml:1:1: an expression asks for a header that proves who asks"),
        ("key: 'headers.\"x-token\"'", "own.yaml:1:1: an expression asks for a header that proves who asks"),
        (
            "account: 'headers.\"X-Shop\"'",
            'own.yaml:7:10: account: names of headers are in lower case here: write headers."x-shop"',
        ),
        ("account: headers.*", "own.yaml:7:10: account: asks for headers without a name"),
        ("account: 'headers.[\"x-shop\"]'", "own.yaml:7:10: account: asks for headers without a name"),
        ("account: '@.headers.x'", "own.yaml:7:10: account: an expression here begins with one of"),
        ("account: '*.x | [0]'", "own.yaml:7:10: account: an expression here begins with one of"),
        ("kind: event.x", "own.yaml:1:1: kind and kinds go together"),
        ("secret: ${OTHER}", "own.yaml:7:1: secret: is not a known key"),
        ("media: {hosts: ['${HOST}']}", "own.yaml:7:17: media.hosts[0]: this file has no variables of its own"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, line: str, wanted: str) -> None:
    assert any(one.startswith(wanted) for one in told(tmp_path, entry(description="own.yaml"), GOOD + line)), wanted


@pytest.mark.parametrize(
    ("format_", "wanted"),
    [
        ("%Q", "is nothing that Python's strptime can read"),
        ("%Y-%m-%d %", "is nothing that Python's strptime can read"),
        ("%Y %Y", "is nothing that Python's strptime can read"),
        ("%-d.%m.%Y", "is nothing that Python's strptime can read"),
        ("%d.%m. %H:%M", "does not say where the year stands"),
        ("", "does not say where the year stands"),
    ],
)
def test_a_format_that_no_time_fits_is_told(tmp_path: Path, format_: str, wanted: str) -> None:
    text = GOOD + f"  sent_at: {{at: event.at, format: '{format_}'}}\n"
    assert any(f"message.sent_at.format: {wanted}" in one for one in told(tmp_path, entry(description="own.yaml"), text))


def test_all_mistakes_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    wrong = GOOD.replace("event.from", "evnt.from") + "kinds: {a: mesage}\n"
    lines = told(tmp_path, entry(description="own.yaml", brnad="demo"), wrong)
    assert [line.partition(": ")[0] for line in lines] == ["own.yaml:5:31", "own.yaml:7:12", "regia.yaml:5:1"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            entry(description="revew_site"),
            "regia.yaml:4:14: description: is none of apple_messages, chat_saas, marketplace, review_site, standard_webhooks, "
            "and no path: a path has a / or ends in .yaml (did you mean review_site?)",
        ),
        (entry(description="gone.yaml"), "gone.yaml: cannot be read: No such file or directory"),
        (entry(), "regia.yaml:1:1: write description"),
        (entry(description="own.yaml", describe="{}"), "regia.yaml:5:11: describe.channel: is missing"),
        (entry(description="chat_saas"), "regia.yaml:1:1: its requests name an account of yours"),
        (entry(description="own.yaml", accounts="{a: {brand: demo}}"), "regia.yaml:1:1: its requests name no account"),
    ],
)
def test_an_entry_that_does_not_fit_its_description_is_told(tmp_path: Path, text: str, wanted: str) -> None:
    assert any(one.startswith(wanted) for one in told(tmp_path, text)), wanted


def test_nothing_of_a_secret_is_told(tmp_path: Path) -> None:
    assert not any(SECRET in line for line in told(tmp_path, entry(description="chat_saas", user="x")))


def _captured(request: Request, **settings: Any) -> bytes:
    body = base64.b64encode(request.body).decode()
    return json.dumps({"headers": dict(request.headers), "body_base64": body, "settings": settings}).encode()


def test_parse_takes_descriptions_by_name_by_path_and_inline(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(GOOD, encoding="utf-8")
    plain = CHAT.request(b'{"id":"m1","from":"u1","text":"ciao"}')
    plain = Request(**{**{name: getattr(plain, name) for name in plain.__slots__}, "headers": {"x-token": "t"}})
    inline = {"channel": "mine", "signature": {"scheme": "token", "header": "X-Token"}, "message": _message()}
    for described in ({"description": "own.yaml"}, {"describe": inline}):
        reader = _Reader(CHANNEL, {"brand": "demo", "secret": "t", **described}, tmp_path)
        assert [one["text"] for one in reader.result(_captured(plain))["messages"]] == ["ciao"]
    reader = _Reader(CHANNEL, {"brand": "demo", "secret": "t", "description": "gone.yaml"}, tmp_path)
    assert "cannot be read" in reader.result(_captured(plain))["detail"]
    shipped = _Reader(CHANNEL, {"brand": "demo", "secret": "t", "description": "review_site"}, tmp_path)
    assert shipped.result(_captured(plain))["reason"] == "signature_missing"


def _message() -> dict[str, Any]:
    return {"external_id": "event.id", "sender": {"kind": "visitor", "id": "event.from"}, "text": "event.text"}
