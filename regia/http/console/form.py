"""What a page of the console posted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web

from connectors import forms
from connectors.base import Request
from connectors.forms import Upload
from regia.http.requests import read_body


@dataclass(frozen=True, slots=True)
class Form:
    """Fields and files. Texts have no NUL, which PostgreSQL refuses, and line ends of one kind."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[Upload, ...] = ()

    def text(self, name: str) -> str:
        """The last value of a field, without blanks around it; empty where there is none."""
        return self.fields.get(name, ("",))[-1].strip()

    def secret(self, name: str) -> str:
        """The same exactly as it was typed: a password."""
        return self.fields.get(name, ("",))[-1]

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field, such as those of ticked boxes."""
        return self.fields.get(name, ())


async def read_form(request: web.Request, largest: int) -> Form:
    """The body, urlencoded, multipart or JSON. Raises `Rejected` as `read_body` and `connectors.forms` do."""
    body = await read_body(request, largest)
    if not body:
        return Form()
    headers = {name.lower(): value for name, value in request.headers.items()}
    now = datetime.now(UTC)
    found = forms.read_body(Request(method="POST", url=request.path, headers=headers, query={}, body=body, received_at=now))
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in found.pairs:
        fields[name] = (*fields.get(name, ()), _clean(value))
    return Form(fields, found.files)


def _clean(value: object) -> str:
    return ("" if value is None else str(value)).replace("\0", "").replace("\r\n", "\n")
