"""A token introspection endpoint (RFC 7662): which OAuth access tokens a mail server accepts, and for whom."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


class TokenService:
    """Answers on a loopback port, from a thread of ours, until `stop`."""

    def __init__(self) -> None:
        self.users: dict[str, str] = {}
        """Token to the user it stands for, in lower case. Change it at any time."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.path = "/introspect?token="
        """A token follows, and `&user=…` where only that user's token will do."""
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="introspection", daemon=True)
        self._thread.start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        users = self.users

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = dict(parse_qsl(urlsplit(self.path).query))
                user = users.get(asked.get("token", ""))
                fits = user is not None and asked.get("user", user).lower() == user
                said = {"active": True, "username": user} if fits else {"active": False}
                body = json.dumps(said).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # named by the base class
                """Nothing on the test's stderr."""

        return Handler

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
