"""What an operator may write for a mailbox: what cannot work is refused before anything starts, in plain words."""

from pathlib import Path
from typing import Any

import pytest

from config.loader import read
from config.problems import ConfigError
from connectors.email import EmailSettings

OAUTH = """
    oauth:
      provider: other
      client_id: regia
      refresh_token: ${PW}
      token_url: """


def problems(tmp_path: Path, mailbox: str) -> list[str]:
    """What is said about a mailbox written like this, without the file's name."""
    path = tmp_path / "mailbox.yaml"
    path.write_text("brand: demo\naddress: help@shop.example\n" + mailbox)
    try:
        read(path, {"PW": "a secret of ours"}).validate(EmailSettings, secrets_folder=tmp_path)
    except ConfigError as error:
        return [str(problem).removeprefix(f"{path}:") for problem in error.problems]
    return []


def imap(more: str, login: str = "\n    password: ${PW}") -> str:
    indented = more.replace("\n", "\n    ")
    return f"imap:\n    host: mail.shop.example\n    user: help{login}\n    {indented}\n"


ACCEPTED = [
    imap(""),
    imap("folders: [INBOX, Resi, resi]"),
    imap("afterwards: move"),
    imap("folders: [INBOX, Processed]"),  # the name in `move_to` that nobody uses
    imap("folders: [INBOX, done]\nafterwards: move\nmove_to: Done"),
    imap("", OAUTH + "https://id.shop.example/token"),
    imap("", OAUTH + "http://localhost:8080/token"),
    imap("", OAUTH + "http://127.0.0.1/token"),
    imap("", OAUTH + "http://[::1]:8080/token"),
    "aliases: [orders@shop.example, Info@Shop.Example]\n",
]


@pytest.mark.parametrize("mailbox", ACCEPTED)
def test_what_can_work(tmp_path: Path, mailbox: str) -> None:
    assert problems(tmp_path, mailbox) == []


TOKEN_URL = "imap.oauth.token_url: write an address with https://, since secrets are sent there; http:// is only for the same"
FOR_EVER = "imap: move_to is one of the folders that are read, so mails would come again for ever: name another"
TWICE = "imap.folders: number 2 is there already: name each folder once (the inbox in one way only)"
MOVE_TO = "imap: move_to is only for afterwards: move; write that too, or leave move_to out"
NO_FOLDERS = "imap.folders: name at least one folder, or leave folders out"
A_FOLDER = "imap.folders[0]: write a name of 1 to 200 characters, none of them a line break"
ALIAS = "aliases[0]: must be a whole e-mail address, with @ and domain"
CA_FILE = "ca_file: cannot be read as PEM certificates: name a file that is there and holds them"

REFUSED = [
    ("a loop", imap("folders: [INBOX, Done]\nafterwards: move\nmove_to: Done"), FOR_EVER),
    ("a loop in the inbox", imap("afterwards: move\nmove_to: Inbox"), FOR_EVER),
    ("a loop by the usual name", imap("folders: [Processed]\nafterwards: move"), FOR_EVER),
    ("a folder twice", imap("folders: [Resi, Resi]"), TWICE),
    ("the inbox twice", imap("folders: [INBOX, inbox]"), TWICE),
    ("no folder", imap("folders: []"), NO_FOLDERS),
    ("a folder without a name", imap('folders: [""]'), A_FOLDER),
    ("a folder with a line break", imap('folders: ["a\\nb"]'), A_FOLDER),
    ("move_to alone", imap("move_to: Done"), MOVE_TO),
    ("move_to and flag", imap("afterwards: flag\nmove_to: Done"), MOVE_TO),
    ("no such file", imap("ca_file: nowhere.pem"), f"imap.{CA_FILE}"),
    ("a file with other things", imap(f"ca_file: {__file__}"), f"imap.{CA_FILE}"),
    ("no such file for smtp", "thread_key: ${PW}\nsmtp: {host: mail.shop.example, ca_file: nowhere.pem}\n", f"smtp.{CA_FILE}"),
    ("an empty section", "imap:\n", "imap: give host and login below imap, or leave imap out (it is empty)"),
    ("an empty smtp", "smtp:\n", "smtp: give host and login below smtp, or leave smtp out (it is empty)"),
    ("a name as an alias", "aliases: [orders]\n", ALIAS),
    ("an empty alias", 'aliases: [""]\n', ALIAS),
    ("half an alias", 'aliases: ["@shop.example"]\n', ALIAS),
    (
        "a URL as a host",
        "imap:\n  host: imaps://mail\n  user: help\n  password: ${PW}\n",
        "imap.host: write only the server's name or IP",
    ),
    ("a brand with a space", "channel: e mail\n", "channel: use a-z, 0-9, _ and -, at most 60 characters"),
    ("tokens in clear", imap("", OAUTH + "http://id.shop.example/token"), TOKEN_URL),
    ("tokens in clear to a neighbour", imap("", OAUTH + "http://10.0.0.1/token"), TOKEN_URL),
    ("tokens in clear to a name", imap("", OAUTH + "http://localhost.shop.example/token"), TOKEN_URL),
    ("no scheme", imap("", OAUTH + "id.shop.example/token"), TOKEN_URL),
    ("no host", imap("", OAUTH + "https:///token"), TOKEN_URL),
    ("another scheme", imap("", OAUTH + "ftp://id.shop.example/token"), TOKEN_URL),
    ("a space", imap("", OAUTH + '"https://id.shop.example/to ken"'), TOKEN_URL),
    ("brackets", imap("", OAUTH + '"https://[id]/token"'), TOKEN_URL),
]


@pytest.mark.parametrize(("mailbox", "says"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_cannot_work(tmp_path: Path, mailbox: str, says: str) -> None:
    (found,) = problems(tmp_path, mailbox)
    place, _, words = found.partition(": ")
    assert words.startswith(says)
    assert all(part.isdigit() for part in place.split(":")), "it has its line"


def test_addresses_are_read_in_one_way() -> None:
    given: dict[str, Any] = {"brand": "demo", "address": "Help@Shop.Example", "aliases": ["Info@Shop.Example"]}
    assert EmailSettings.model_validate(given).own_addresses == {"help@shop.example", "info@shop.example"}
