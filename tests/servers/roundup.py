"""A private Roundup tracker of the classic template, with its web pages, its REST interface, and no mail."""

import base64
import http.client
import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

from tests.servers.process import ServerFailed, ServerProcess, exchange, free_port

HOME: Final = Path(__file__).parents[2] / ".venv" / "roundup"
PASSWORD: Final = "a-password"  # of a server that is ours and lives for a test
TRACKER: Final = "tracker"


class RoundupServer:
    """`RoundupServer.start(folder)`; `url` is the tracker's first page. Users: `admin`, and those of `new_user`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/{TRACKER}/"
        self._mail = folder / "mail.txt"
        self._set_up()
        command = [str(HOME / "bin" / "python"), "-P", str(Path(__file__).with_name("roundup_serving.py"))]
        self._command = [*command, str(folder / TRACKER), str(self.port)]
        self._process = self._spawn()

    @classmethod
    def start(cls, folder: Path) -> Self:
        if not (HOME / "bin" / "roundup-admin").exists():
            raise ServerFailed("these tests need Roundup and never skip: run `scripts/ticket-systems.sh`")
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder)

    def _set_up(self) -> None:
        settings = {
            "tracker_web": self.url,
            "tracker_name": "Support",
            "mail_domain": "support.example",
            "mail_host": "127.0.0.1",
            "mail_debug": str(self._mail),
            "admin_email": "admin@support.example",
            "password_pbkdf2_default_rounds": "1000",  # each request proves who asks: a hundred times the time of all else
        }
        self._admin("install", "classic", "sqlite", ",".join(f"{name}={value}" for name, value in settings.items()))
        self._admin("initialise", PASSWORD)
        self.new_user("regia", "User")
        for agent in ("giulia", "marco"):
            self.new_user(agent, "User")

    def _admin(self, *arguments: str) -> None:
        command = [str(HOME / "bin" / "roundup-admin"), "-i", str(self.folder / TRACKER), *arguments]
        done = subprocess.run(command, input="y\n" * 3, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise ServerFailed(f"roundup-admin {arguments[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")

    def new_user(self, name: str, roles: str) -> None:
        """With `PASSWORD`."""
        values = {"username": name, "password": PASSWORD, "roles": roles, "address": f"{name}@support.example"}
        self._admin("create", "user", *(f"{key}={value}" for key, value in values.items()))

    def _spawn(self) -> ServerProcess:
        process = ServerProcess(
            "roundup", self._command, log=self.folder / "roundup.log", env={"LC_ALL": "C.UTF-8"}, cwd=self.folder
        )
        process.wait_ready(lambda: exchange(self.port, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/"))
        return process

    def rest(self, user: str, method: str, path: str, values: dict[str, Any] | None = None, **headers: str) -> Any:
        """What an agent's own program does; `path` is below `/rest/data/`."""
        proof = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
        own = {"Authorization": f"Basic {proof}", "X-Requested-With": "rest", "Content-Type": "application/json"}
        own |= {"Origin": f"http://127.0.0.1:{self.port}", "Referer": self.url}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        body = None if values is None else json.dumps(values)
        connection.request(method, f"/{TRACKER}/rest/data/{quote(path, safe='/?&=@:')}", body, {**own, **headers})
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        assert response.status < 300, (method, path, answer)
        return answer["data"]

    def answer(self, user: str, issue: str, text: str, **values: Any) -> str:
        """An agent writes into an issue, such as `issue1`, and may change it in the same moment."""
        who = self.rest("admin", "GET", f"user?username:={user}")["collection"][0]["id"]
        message = self.rest(user, "POST", "msg", {"content": text, "author": who, "date": "."})["id"]
        number = issue.removeprefix("issue")
        known = self.rest(user, "GET", f"issue/{number}")
        messages = [one["id"] for one in known["attributes"]["messages"]]
        change = {"messages": [*messages, message], **values}
        self.rest(user, "PUT", f"issue/{number}", change, **{"If-Match": known["@etag"]})
        return f"msg{message}"

    def change(self, user: str, issue: str, **values: Any) -> None:
        number = issue.removeprefix("issue")
        etag = self.rest(user, "GET", f"issue/{number}")["@etag"]
        self.rest(user, "PUT", f"issue/{number}", values, **{"If-Match": etag})

    def issues(self) -> list[dict[str, Any]]:
        """With the texts of their messages, in the order of their numbers."""
        return [self.issue(number) for number in self.numbers()]

    def numbers(self) -> list[str]:
        """Of all issues."""
        return [f"issue{one['id']}" for one in self.rest("admin", "GET", "issue?@sort=id")["collection"]]

    def issue(self, number: str) -> dict[str, Any]:
        """One issue, such as `issue1`, with the texts of its messages."""
        item = self.rest("admin", "GET", f"issue/{number.removeprefix('issue')}?@verbose=2")
        known: dict[str, Any] = item["attributes"] | {"number": number}
        messages = [message["id"] for message in known["messages"]]
        known["texts"] = [self.rest("admin", "GET", f"msg/{message}/content")["data"] for message in messages]
        return known

    def retire(self, issue: str) -> None:
        """What removing an issue is."""
        self._admin("retire", issue)

    def files_of(self, message: str) -> list[dict[str, Any]]:
        """Name, type and content of the files of a message."""
        found = []
        for one in self.rest("admin", "GET", f"msg/{message}")["attributes"]["files"]:
            file = self.rest("admin", "GET", f"file/{one['id']}")["attributes"]
            content = self.rest("admin", "GET", f"file/{one['id']}/content")["data"]
            found.append({"name": file["name"], "type": file["type"], "content": content})
        return found

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
