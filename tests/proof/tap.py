"""A wire between a client and a private server, which can be cut in the middle of a mail."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

_MAIL: Final = b"BODY[] {"
_CHUNK: Final = 64 * 1024


class Tap:
    """Listens on `port` of its own and passes everything on, both ways, to the loopback port it was given."""

    def __init__(self, server: int) -> None:
        self._server = server
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._cut: Callable[[], None] | None = None
        self.was_cut = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_in_a_mail(self, act: Callable[[], None]) -> None:
        """When the server begins to hand over the next mail: pass on a few bytes of it, call `act`, and let go."""
        self._cut = act

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._server))
            except OSError:
                client.close()
                continue
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, target, source is server), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, from_server: bool) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                if from_server and self._cut is not None and (at := data.find(_MAIL)) >= 0:
                    act, self._cut = self._cut, None
                    target.sendall(data[: at + 40])
                    act()
                    self.was_cut.set()
                    break
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
