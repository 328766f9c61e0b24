"""A look into a private server's mailbox over IMAP, which changes nothing in it."""

import imaplib
import re
from typing import NamedTuple

from tests.servers.maildir import mailbox_name


class StoredMail(NamedTuple):
    """One mail as a client sees it: its flags and keywords without \\Recent, its bytes with CRLF line ends."""

    flags: frozenset[str]
    raw: bytes


def looking(port: int, user: str, password: str) -> imaplib.IMAP4:
    """A session of its own, for `with`. Any Unicode may stand in the user's name, unlike in LOGIN."""
    client = imaplib.IMAP4("127.0.0.1", port, timeout=30)
    try:
        client.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
    except BaseException:
        client.shutdown()
        raise
    return client


def examine(client: imaplib.IMAP4, folder: str) -> bool:
    """Open the folder read-only; False when there is no such folder."""
    name = mailbox_name(folder).replace("\\", "\\\\").replace('"', '\\"')
    return client.select(f'"{name}"', readonly=True)[0] == "OK"


def stored_mails(client: imaplib.IMAP4) -> list[StoredMail]:
    """All mails of the open folder, in the order of their UIDs."""
    _, answer = client.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[])")
    # imaplib gives a mail as a pair (what stands before the literal, the literal), and other lines as bytes.
    return [StoredMail(_flags(part[0]), part[1]) for part in answer if isinstance(part, tuple)]


def _flags(line: bytes) -> frozenset[str]:
    found = re.search(rb"FLAGS \(([^)]*)\)", line)
    assert found is not None, line
    return frozenset(found[1].decode().split()) - {"\\Recent"}
