"""Sends posts over several connections at once, as providers do: what is not answered is sent again, or given up."""

import http.client
import json
import queue
import random
import threading
import time
from collections.abc import Iterable
from typing import Self

from tests.e2e.gateway import Gateway
from tests.e2e.ledger import Ledger, Post

_BUSY = 503


class Sender:
    """A context manager; `feed` hands posts over, `wait` returns when all of them are answered or given up.

    `give_up` is the share of unanswered posts that are never sent again. What is wrong with an answer is in `wrong`.
    """

    def __init__(self, gateway: Gateway, ledger: Ledger, *, seed: int, threads: int = 6, give_up: float = 0.0) -> None:
        self._gateway = gateway
        self._ledger = ledger
        self._random = random.Random(seed)  # noqa: S311  # chance, not a secret
        self._give_up = give_up
        self._posts: queue.Queue[Post | None] = queue.Queue()
        self._open = threading.Event()
        self._open.set()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        self.wrong: list[str] = []
        self.unanswered = 0

    def feed(self, posts: Iterable[Post]) -> None:
        for post in posts:
            self._posts.put(post)

    @property
    def left(self) -> int:
        """Posts that are not answered yet."""
        return self._posts.unfinished_tasks

    def pause(self) -> None:
        """Take nothing new; what is on its way goes on."""
        self._open.clear()

    def resume(self) -> None:
        self._open.set()

    def wait(self, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while self.left and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not self.left, f"{self.left} posts are not answered after {seconds} s\n{self._gateway.tail()}"

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.set()
        for _thread in self._threads:
            self._posts.put(None)
        for thread in self._threads:
            thread.join(30)

    def _run(self) -> None:
        connection: http.client.HTTPConnection | None = None
        while True:
            self._open.wait()
            post = self._posts.get()
            if post is None:
                break
            if connection is None or connection.sock is None:
                connection = self._connected()
            if connection is None:
                self._posts.put(post)
                self._posts.task_done()
                time.sleep(0.02)
                continue
            try:
                again = self._send(connection, post)
            except (OSError, http.client.HTTPException):
                self.unanswered += 1
                # Sent again, a post that nobody could recognise would be another contact.
                again = post.repeatable and self._random.random() >= self._give_up
                connection = _closed(connection)
            if again:
                time.sleep(0.05)
                self._posts.put(post)
            self._posts.task_done()
        _closed(connection)

    def _connected(self) -> http.client.HTTPConnection | None:
        connection = http.client.HTTPConnection("127.0.0.1", self._gateway.port, timeout=30)
        try:
            connection.connect()
        except OSError:
            return None
        # A connection that ends fails its post; opened anew in silence, the post would be noted once and sent twice.
        connection.auto_open = 0
        return connection

    def _send(self, connection: http.client.HTTPConnection, post: Post) -> bool:
        """Whether the post is to be sent again."""
        number = self._ledger.sending(post)
        connection.request(post.method, post.path, post.body, dict(post.headers))
        response = connection.getresponse()
        body = response.read()
        self._ledger.answered(number, response.status)
        if response.status == _BUSY:
            return True
        self._check(post, response.status, body)
        return False

    def _check(self, post: Post, status: int, body: bytes) -> None:
        if post.refused is not None:
            expected, code = post.refused
            if status != expected or f'"{code}"'.encode() not in body:
                self.wrong.append(f"{post.label}: expected {expected} {code}, got {status} {body[:200]!r}")
            return
        if status not in (200, 202):
            self.wrong.append(f"{post.label}: {status} {body[:200]!r}")
        elif post.tells_id:
            self._learn(post, body)

    def _learn(self, post: Post, body: bytes) -> None:
        told = http_id(body)
        event = post.events[0]
        if event.id is not None and event.id != told:
            self.wrong.append(f"{post.label}: the same contact has the ids {event.id} and {told}")
        event.id = told


def http_id(body: bytes) -> str:
    """The envelope id in the JSON answer of a form or of `/v1/messages/…`."""
    return str(json.loads(body)["id"])


def _closed(connection: http.client.HTTPConnection | None) -> None:
    if connection is not None:
        connection.close()
