"""Mail on disk as Dovecot and Exim share it: Maildir++, one home per user."""

import base64
import itertools
import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.unprivileged import Account


@dataclass(frozen=True)
class MailStore:
    """`root` holds a folder per user, named as the user in lower case."""

    root: Path
    account: Account
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self._make(self.root)

    def create(self, user: str) -> None:
        """Make the user known, with an empty INBOX. Does nothing when it is known."""
        self._maildir(user, "INBOX")

    def deliver(self, user: str, mails: Iterable[bytes], folder: str) -> None:
        """Put the mails into the folder, byte for byte and in their order, as delivery programs do."""
        maildir = self._maildir(user, folder)
        for raw in mails:
            # Dovecot numbers new mails by the time at the front of their names; the counter decides within a second.
            name = f"{int(time.time())}.M{next(self._numbers):06}P{os.getpid()}.regia"
            path = maildir / "tmp" / name
            path.write_bytes(raw)
            self.account.own(path)
            path.rename(maildir / "new" / name)

    def forget_numbers(self, user: str, folder: str) -> None:
        """Remove what gives the folder's mails their UIDs: the next session counts from 1 under another UIDVALIDITY."""
        maildir = self._maildir(user, folder)
        for path in [maildir / "dovecot-uidlist", *maildir.glob("dovecot.index*")]:
            path.unlink(missing_ok=True)

    def forget(self, user: str) -> None:
        """Remove the user with all mails."""
        shutil.rmtree(self.root / user.lower())

    def _maildir(self, user: str, folder: str) -> Path:
        home = self.root / user.lower()
        maildir = home / "Maildir"
        levels = [home, maildir]
        if folder.upper() != "INBOX":
            maildir = maildir / f".{mailbox_name(folder).replace('/', '.')}"
            levels.append(maildir)
        for path in (*levels, *(maildir / name for name in ("tmp", "new", "cur"))):
            self._make(path)
        return maildir

    def _make(self, path: Path) -> None:
        if not path.exists():
            path.mkdir(mode=0o700)
            self.account.own(path)


def mailbox_name(folder: str) -> str:
    """A folder's name in IMAP's modified UTF-7 (RFC 3501, 5.1.3)."""
    encoded: list[str] = []
    for ascii_run, characters in itertools.groupby(folder, key=lambda character: " " <= character <= "~"):
        text = "".join(characters)
        if ascii_run:
            encoded.append(text.replace("&", "&-"))
        else:
            encoded.append(f"&{_base64(text)}-")
    return "".join(encoded)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
