"""An `Http` that answers what a test lays ready, and remembers what was asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.base import Fetched
from connectors.media import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    method: str
    url: str
    headers: Mapping[str, str]
    json: Any = None
    form: Mapping[str, str] | None = None
    body: bytes | None = None
    hosts: tuple[str, ...] = field(default=())


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An API's answer: bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status=status, headers=headers or {}, body=raw)


class FakeHttp:
    """`answers` are given in their order; an exception among them is raised."""

    def __init__(self, *answers: Response | Exception, file: bytes | Exception = b"") -> None:
        self._answers = list(answers)
        self._file = file
        self.calls: list[Call] = []

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        max_bytes: int = 1 << 20,
    ) -> Response:
        self.calls.append(Call(method=method, url=url, headers=headers or {}, json=json, form=form, body=body))
        given = self._answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    async def download(self, url: str, *, headers: Mapping[str, str] | None = None, hosts: tuple[str, ...]) -> Fetched:
        self.calls.append(Call(method="GET", url=url, headers=headers or {}, hosts=hosts))
        if isinstance(self._file, Exception):
            raise self._file
        return Fetched(content=self._file, content_type="application/octet-stream")
