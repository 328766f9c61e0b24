"""The console's cookies.

`SameSite=Lax`, not `Strict`: a link to a message in a notice or a ticket must open it for whoever is logged in, and with
`Strict` the browser would not send the cookie there. Nothing is ever changed by a GET, and every change needs a token.
"""

from typing import Final

from aiohttp import web

from regia.server_settings import Server

LOGIN: Final = "regia_console"
ENTRY: Final = "regia_entry"
"""Of a browser that nobody is logged in with yet: the token of the log-in form."""
KNOWN: Final = "regia_known"
"""Of a browser that somebody was logged in with before."""
_YEAR: Final = 365 * 24 * 3600


class Cookies:
    """Behind https every name has the prefix `__Host-`: a neighbouring host can neither set nor shadow them."""

    def __init__(self, server: Server) -> None:
        self._secure = server.base_url.startswith("https://")
        # The prefix asks for the path / (RFC 6265bis); without it the console's own is enough.
        self._path = "/" if self._secure else f"{server.base_path}/console"

    def name(self, name: str) -> str:
        return f"__Host-{name}" if self._secure else name

    def get(self, request: web.Request, name: str) -> str:
        return request.cookies.get(self.name(name), "")

    def set(self, response: web.StreamResponse, name: str, value: str, *, lasting: bool = False) -> None:
        """Until the browser is closed, or for a year."""
        age = _YEAR if lasting else None
        response.set_cookie(
            self.name(name), value, max_age=age, path=self._path, secure=self._secure, httponly=True, samesite="Lax"
        )

    def drop(self, response: web.StreamResponse, name: str) -> None:
        response.del_cookie(self.name(name), path=self._path, secure=self._secure, httponly=True, samesite="Lax")
