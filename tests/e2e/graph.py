"""A stand-in for the Graph API on loopback: media whose download works, and media whose download fails in several ways."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

GOOD: Final = "ok"
FAILING: Final = {"gone": "gone", "refused": "refused", "elsewhere": "refused"}
"""Prefix of a media id to the reason an envelope must give."""


def content(media_id: str) -> bytes:
    """The bytes of a file: a JPEG's beginning, and then different ones for each id."""
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + hashlib.sha512(media_id.encode()).digest() * 20


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization", "")))
        parts = self.path.strip("/").split("/")
        media_id = parts[-1]
        if parts[0] == "file":
            self._answer(200, content(media_id), "image/jpeg")
        elif media_id.startswith("gone"):
            self._error(404, 100)
        elif media_id.startswith("refused"):
            self._error(401, 190)
        elif media_id.startswith("elsewhere"):
            # An address outside the configured hosts: it must not be asked at all.
            self._json(200, {"url": "https://metadata.internal.example/latest", "mime_type": "image/jpeg"})
        else:
            url = f"http://127.0.0.1:{self.server.server_port}/file/{media_id}"
            self._json(200, {"url": url, "mime_type": "image/jpeg", "id": media_id})

    def _error(self, status: int, code: int) -> None:
        self._json(status, {"error": {"message": "no", "type": "GraphMethodException", "code": code}})

    def _json(self, status: int, data: Any) -> None:
        self._answer(status, json.dumps(data).encode(), "application/json")

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name of the base class
        """Silent: what was asked is in `asked`."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    asked: list[tuple[str, str]]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A gateway that is killed leaves broken connections behind."""


class FakeGraph:
    """A context manager; `url` goes into `graph_url`, `asked` are (path, Authorization) of every request."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.asked = []
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def asked(self) -> list[tuple[str, str]]:
        return self._server.asked

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
