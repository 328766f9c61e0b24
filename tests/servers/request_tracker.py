"""A private Request Tracker 5 of Debian on SQLite: its web pages and its REST interface, and no mail."""

import base64
import http.client
import json
import os
import quopri
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.servers.process import ServerFailed, ServerProcess, exchange, free_port

PROGRAM: Final = Path("/usr/share/request-tracker5/libexec/rt-server")
SET_UP: Final = Path("/usr/sbin/rt-setup-database-5")
PASSWORD: Final = "a-password"  # of a server that is ours and lives for a test
AGENTS: Final = ("giulia", "marco")
CUSTOMER: Final = "ugo"
"""A user without privileges, as those are whose mails it takes."""
_RIGHTS: Final = ("SeeQueue", "ShowTicket", "ShowTicketComments", "CreateTicket", "CommentOnTicket", "ModifyTicket")
"""All that docs/bridges.md says the bridge's own user needs."""
_AGENTS_RIGHTS: Final = (*_RIGHTS, "ReplyToTicket", "OwnTicket", "TakeTicket", "DeleteTicket", "WatchAsAdminCc")


class RequestTracker:
    """`RequestTracker.start(folder)`; `url` is the first page. Users: `root`, `regia` (the bridge), and `AGENTS`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._environ = {
            "RT_SITE_CONFIG": str(folder / "site.pm"),
            "RT_SITE_CONFIG_DIR": str(folder / "none"),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "PATH": os.environ["PATH"],
        }
        self._set_up()
        self._process = self._spawn()

    @classmethod
    def installed(cls) -> bool:
        return PROGRAM.exists()

    @classmethod
    def start(cls, folder: Path) -> Self:
        if not cls.installed():
            raise ServerFailed("these tests need Request Tracker: run `scripts/request-tracker.sh`")
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder)

    def _set_up(self) -> None:
        settings = {
            "rtname": "support.example",
            "Organization": "support.example",
            "CorrespondAddress": "rt@support.example",
            "CommentAddress": "rt-comment@support.example",
            "WebPath": "",
            "WebDomain": "127.0.0.1",
            "WebPort": self.port,
            "WebBaseURL": self.url.rstrip("/"),
            "DatabaseType": "SQLite",
            "DatabaseName": str(self.folder / "rtdb"),
            "MailCommand": "testfile",
            "LogToSTDERR": "warning",
            "Timezone": "Europe/Rome",  # so that a time that is taken for another zone's is seen
        }
        lines = [f"Set(${name}, {json.dumps(value)});" for name, value in settings.items()]
        (self.folder / "site.pm").write_text("\n".join([*lines, "Set($LogToSyslog, undef);", "1;"]).replace("@", "\\@"))
        (self.folder / "users.pl").write_text(_users())
        self._database("init", "--skip-create")
        self._database("insert", "--datafile", str(self.folder / "users.pl"))

    def _database(self, action: str, *options: str) -> None:
        command = [str(SET_UP), "--action", action, *options]
        done = subprocess.run(command, env=self._environ, capture_output=True, text=True, timeout=90, check=False)
        if done.returncode:
            raise ServerFailed(f"rt-setup-database-5 {action} ended with {done.returncode}: {done.stdout}{done.stderr}")

    def _spawn(self) -> ServerProcess:
        command = [str(PROGRAM), "--server", "Starlet", "--host", "127.0.0.1", "--port", str(self.port), "--max-workers", "2"]
        log = self.folder / "rt.log"
        process = ServerProcess("request tracker", command, log=log, env=self._environ, cwd=self.folder)
        process.wait_ready(lambda: exchange(self.port, b"GET /NoAuth/ HTTP/1.0\r\n\r\n").startswith(b"HTTP/"))
        return process

    def rest(self, user: str, method: str, path: str, values: Any = None) -> Any:
        """What an agent's own program does; `path` is below `/REST/2.0/`."""
        password = "password" if user == "root" else PASSWORD
        proof = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {proof}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, f"/REST/2.0/{path}", None if values is None else json.dumps(values), headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        assert response.status < 300, (method, path, body)
        return json.loads(body) if body else None

    def answer(self, user: str, ticket: str, text: str, kind: str = "correspond", **more: Any) -> str:
        """An agent answers, or comments; the number of the transaction."""
        values = {"Content": text, "ContentType": "text/plain", **more}
        self.rest(user, "POST", f"ticket/{ticket}/{kind}", values)
        return f"txn{self.transactions(ticket, kind.title())[-1]}"

    def change(self, user: str, ticket: str, **values: Any) -> None:
        self.rest(user, "PUT", f"ticket/{ticket}", values)

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Straight from its database: a hundred requests would take a minute."""
        with closing(sqlite3.connect(self.folder / "rtdb", timeout=30)) as connection:
            return connection.execute(query, values).fetchall()

    def ticket(self, ticket: str) -> dict[str, Any]:
        query = "SELECT Subject, Status, Priority FROM Tickets WHERE id = ?"
        return dict(zip(("Subject", "Status", "Priority"), self._rows(query, ticket)[0], strict=True))

    def numbers(self) -> list[str]:
        return [str(id_) for (id_,) in self._rows("SELECT id FROM Tickets WHERE Status != 'deleted' ORDER BY id")]

    def transactions(self, ticket: str, *types: str) -> list[int]:
        query = "SELECT id, Type FROM Transactions WHERE ObjectType = 'RT::Ticket' AND ObjectId = ? ORDER BY id"
        return [id_ for id_, type_ in self._rows(query, ticket) if type_ in types]

    def texts(self, ticket: str) -> list[str]:
        """What was written into it, oldest first."""
        return [one["text"] for one in self.written(ticket)]

    def written(self, ticket: str) -> list[dict[str, Any]]:
        """Text and files of each message."""
        found = []
        for id_ in self.transactions(ticket, "Create", "Correspond", "Comment"):
            query = (
                "SELECT Filename, ContentType, Content, ContentEncoding FROM Attachments WHERE TransactionId = ? ORDER BY id"
            )
            parts = [(name, kind, _content(content, coded)) for name, kind, content, coded in self._rows(query, id_)]
            texts = [content for name, kind, content in parts if not name and kind.startswith("text/")]
            files = [part for part in parts if part[0]]
            found.append({"text": texts[0].decode() if texts else "", "files": files})
        return found

    def token(self, user: str) -> str:
        """A new one of a user, as an administrator makes it."""
        script = (
            "use RT -init; my $user = RT::CurrentUser->new($ARGV[0]); my $token = RT::AuthToken->new(RT->SystemUser);"
            "my ($ok, $why, $text) = $token->Create(Owner => $user->Id, Description => 'bridge');"
            "die $why unless $ok; print $text"
        )
        command = ["perl", "-I/usr/share/request-tracker5/lib", "-e", script, user]
        done = subprocess.run(command, env=self._environ, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise ServerFailed(f"no token: {done.stderr}")
        return done.stdout

    def kill(self) -> None:
        self._process.kill()

    def restart(self) -> None:
        """On the same port, with what it has stored."""
        self._process.kill()
        self._process = self._spawn()

    def stop(self) -> None:
        self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def _content(content: str | bytes | None, coded: str | None) -> bytes:
    given = content.encode() if isinstance(content, str) else content or b""
    decode = {"base64": base64.b64decode, "quoted-printable": quopri.decodestring}.get(coded or "", bytes)
    return decode(given)


def _users() -> str:
    """Initial data of RT (docs/initialdata): the users, and what they may."""
    users = [
        f"{{ Name => '{name}', Password => '{PASSWORD}', Privileged => 1, EmailAddress => '{name}@support.example' }}"
        for name in ("regia", *AGENTS)
    ]
    users.append(f"{{ Name => '{CUSTOMER}', Password => '{PASSWORD}', Privileged => 0 }}")
    given = [(CUSTOMER, right) for right in ("SeeQueue", "ShowTicket", "ReplyToTicket")]
    given += [("regia", right) for right in _RIGHTS] + [(name, right) for name in AGENTS for right in _AGENTS_RIGHTS]
    rights = [f"{{ UserId => '{name}', Right => '{right}' }}" for name, right in given]
    return f"our @Users = ({', '.join(users)});\nour @ACL = ({', '.join(rights)});\n1;\n"
