"""`regia parse`: what a channel makes of a captured request, accepting nothing.

For whoever adds or debugs a channel. A request is a JSON object
`{"name", "method", "url", "headers", "body_base64", "settings"}`; for a channel whose contacts are no requests (email) the
body is the contact itself.
"""

import base64
import binascii
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec
import orjson
import typer
from pydantic import ValidationError

from config.document import ConfigError, read_yaml
from config.loader import include
from connectors.base import Channel, Connector, Parsed, Request
from connectors.errors import REJECTIONS, Rejected
from connectors.registry import UnknownChannel, find
from normalizer.envelope_data import message_data, rfc3339
from normalizer.inbound import InboundAttachment, InboundMessage, envelope_id
from normalizer.message import Attachment, normalise
from normalizer.sniffing import sniff
from regia.cli.common import config_errors, fail

_LANGUAGES: Final = ("it", "en", "de", "fr", "es", "pt", "nl", "pl")


def parse(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="A channel's type, such as whatsapp.")],
    files: Annotated[list[Path] | None, typer.Argument(help="Captured requests; without them standard input.")] = None,
    settings: Annotated[
        Path | None, typer.Option(help="The channel's settings as YAML, for requests without their own.")
    ] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One request a line in, one result a line out.")] = False,
) -> None:
    """Show what a channel makes of captured requests. Nothing is accepted, fetched or sent."""
    try:
        channel = find(type_)
    except UnknownChannel as error:
        fail(str(error), status=2)
    reader = _Reader(channel, _settings(settings), settings.parent if settings is not None else Path())
    out = sys.stdout.buffer
    for text in _requests(files, jsonl=jsonl):
        option = 0 if jsonl else orjson.OPT_INDENT_2
        out.write(orjson.dumps(reader.result(text), option=option) + b"\n")
    out.flush()


def _settings(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    with config_errors():
        data = read_yaml(path).data
    if not isinstance(data, dict):
        fail(f"{path}: must be a mapping of settings", status=2)
    return data


def _requests(files: list[Path] | None, *, jsonl: bool) -> Iterator[bytes]:
    sources = [path.open("rb") for path in files] if files else [sys.stdin.buffer]
    for source in sources:
        with source:
            if jsonl:
                yield from source  # an empty line too: results pair up with lines
            else:
                yield source.read()


class _Reader:
    """Reads requests with connectors made from their settings; equal settings share a connector."""

    def __init__(self, channel: Channel[Any], settings: Mapping[str, Any], folder: Path) -> None:
        self._channel = channel
        self._settings = dict(settings)
        self._folder = folder
        self._connectors: dict[bytes, Connector] = {}

    def result(self, text: bytes) -> dict[str, Any]:
        """The result of one captured request; one that cannot be read itself is a result with a reason."""
        try:
            captured = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return _failed(None, "malformed", f"not JSON: {error.msg} at character {error.pos + 1}")
        if not isinstance(captured, dict):
            return _failed(None, "malformed", "a captured request is a JSON object")
        name = captured.get("name")
        try:
            connector = self._connector(captured.get("settings") or {})
        except (ValidationError, ConfigError) as error:
            return _failed(name, "malformed", f"settings: {_problems(error)}")
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            return _failed(name, "malformed", f"settings: not a mapping of settings ({type(error).__name__})")
        try:
            request = _request(captured)
        except (ValueError, TypeError, AttributeError) as error:
            return _failed(name, "malformed", f"url, headers or body_base64 cannot be read: {error}")
        return _result(name, connector, request)

    def _connector(self, own: Mapping[str, Any]) -> Connector:
        merged = {"type": self._channel.name, **self._channel.example, **self._settings, **own}
        key = orjson.dumps(merged, option=orjson.OPT_SORT_KEYS)
        if key not in self._connectors:
            data = _from_environment(merged)
            problems = [problem for told in include(self._channel.settings, data, self._folder).values() for problem in told]
            if problems:
                raise ConfigError(problems)
            checked = self._channel.settings.model_validate(data)
            self._connectors[key] = self._channel.connector(self._channel.name, checked)
        return self._connectors[key]


def _from_environment(value: Any) -> Any:
    """`${NAME}` in settings, so that a real secret need not be written down to debug a channel."""
    if isinstance(value, dict):
        return {key: _from_environment(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_from_environment(item) for item in value]
    if isinstance(value, str) and value.startswith("${") and value.endswith("}"):
        return os.environ.get(value[2:-1], "")
    return value


def _request(captured: Mapping[str, Any]) -> Request:
    url = str(captured.get("url") or "http://127.0.0.1/")
    headers: dict[str, str] = {}
    for name, value in dict(captured.get("headers") or {}).items():
        headers.setdefault(str(name).lower(), str(value))
    query: dict[str, str] = {}
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        query.setdefault(name, value)
    try:
        body = base64.b64decode("".join(str(captured.get("body_base64") or "").split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"body_base64: {error}") from error
    return Request(
        method=str(captured.get("method") or "POST").upper(),
        url=url,
        headers=headers,
        query=query,
        body=body,
        received_at=datetime.now(UTC),
    )


def _result(name: Any, connector: Connector, request: Request) -> dict[str, Any]:
    result: dict[str, Any] = {"name": name, "status": 200, "reason": None, "handshake": None}
    result |= {"messages": [], "statuses": [], "events": []}
    try:
        answer = connector.handshake(request)
        if answer is not None:
            return result | {"status": answer.status, "handshake": answer.body.decode("utf-8", "replace")}
        connector.verify(request)
        parsed = connector.parse(request)
    except Rejected as error:
        return result | {"status": error.status, "reason": error.code, "detail": error.detail, "fields": error.fields}
    return result | _contents(connector, parsed, request.received_at)


def _contents(connector: Connector, parsed: Parsed, received_at: datetime) -> dict[str, Any]:
    contents: dict[str, Any] = {
        "messages": [_message(connector, message, received_at) for message in parsed.messages],
        "statuses": [_plain(status) for status in parsed.statuses],
        "events": [_plain(event) for event in parsed.events],
    }
    if parsed.unreadable:
        contents["reason"] = parsed.unreadable[0].reason
        contents["unreadable"] = [
            {"reason": one.reason, "detail": one.detail, "size": len(one.raw)} for one in parsed.unreadable
        ]
    return contents


def _message(connector: Connector, inbound: InboundMessage, received_at: datetime) -> dict[str, Any]:
    message_id = envelope_id(connector.name, inbound.event_key)
    attachments = [_attachment(item, f"att_{number}") for number, item in enumerate(inbound.attachments)]
    message = normalise(message_id, connector.name, received_at, inbound, attachments=attachments, languages=_LANGUAGES)
    return {**message_data(message), "event_key": inbound.event_key}


def _attachment(item: InboundAttachment, attachment_id: str) -> Attachment:
    """As the media stage would show it, had it run: nothing is fetched here."""
    content = item.content
    if content is None:
        state, size, sha256, content_type = "referenced", None, item.sha256, item.content_type
    else:
        state, size, sha256 = "stored", len(content), hashlib.sha256(content).hexdigest()
        content_type = sniff(content, item.content_type)
    return Attachment(
        id=attachment_id,
        state="unavailable" if item.unavailable else state,  # type: ignore[arg-type]  # literals above
        filename=item.filename,
        content_type=content_type,
        size=size,
        sha256=sha256,
        caption=item.caption,
        content_id=item.content_id,
        reference=item.reference,
        reason=item.unavailable,
    )


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(value, builtin_types=(datetime, bytes))
    data.pop("raw")
    return {name: rfc3339(item) if isinstance(item, datetime) else item for name, item in data.items()}


def _failed(name: Any, code: str, detail: str) -> dict[str, Any]:
    status = REJECTIONS[code]  # type: ignore[index]  # only codes of the table come here
    empty: dict[str, Any] = {"handshake": None, "messages": [], "statuses": [], "events": []}
    return {"name": name, "status": status, "reason": code, "detail": detail, **empty}


def _problems(error: ValidationError | ConfigError) -> str:
    if isinstance(error, ConfigError):
        return str(error)
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found)
