"""What passes between the gateway and its reading processes: jobs, answers, and how a connector is made over there."""

import io
import pickle
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from connectors.base import Channel, Connector, ConnectorSettings, Parsed, Request
from connectors.errors import Rejected, RejectionCode

_BODY: Final = "body"
_PLACES: Final = 6


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a connector is made in another process: what makes it, by its module and name, and its settings without what only
    sends, fetches or verifies. Not by the registry, which would load all channels there. Each is pickled by itself, so that
    one channel that cannot be loaded takes no other with it."""

    maker: bytes
    settings: bytes

    @classmethod
    def of(cls, channel: Channel[Any], settings: ConnectorSettings) -> "Recipe":
        """Raises `TypeError` for a channel whose `connector` is no class or function of a module."""
        try:
            maker = pickle.dumps(channel.connector)
        except (pickle.PicklingError, AttributeError) as error:
            raise TypeError(f"the connector of channel {channel.name!r} is not a class or function of a module") from error
        return cls(maker, pickle.dumps(settings.for_reading()))

    def connector(self, name: str) -> Connector:
        made: Connector = pickle.loads(self.maker)(name, pickle.loads(self.settings))  # noqa: S301  # made by `of`
        return made


@dataclass(frozen=True, slots=True)
class Parse:
    """A request as it came in."""

    connector: str
    request: Request

    @property
    def body(self) -> bytes:
        return self.request.body

    @property
    def content_type(self) -> str:
        """With its parameters: without its boundary a form cannot be read again."""
        return self.request.headers.get("content-type", "")

    def by(self, connector: Connector) -> Parsed:
        return connector.parse(self.request)


@dataclass(frozen=True, slots=True)
class Reread:
    """Bytes out of quarantine."""

    connector: str
    body: bytes
    content_type: str
    received_at: datetime

    def by(self, connector: Connector) -> Parsed:
        return connector.reread(self.body, self.content_type, self.received_at)


Job: TypeAlias = Parse | Reread


@dataclass(frozen=True, slots=True)
class Refusal:
    """A `Rejected` as a value: exceptions with keyword arguments do not cross processes."""

    code: RejectionCode
    detail: str
    fields: Mapping[str, str]
    retry_after: int | None

    @classmethod
    def of(cls, error: Rejected) -> "Refusal":
        return cls(error.code, error.detail, error.fields, error.retry_after)

    def error(self) -> Rejected:
        return Rejected(self.code, self.detail, fields=self.fields, retry_after=self.retry_after)


@dataclass(frozen=True, slots=True)
class Failure:
    """A defect of the connector: what was raised and where, without its words, which often hold a customer's."""

    error: str
    places: tuple[str, ...]

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        frames = traceback.extract_tb(error.__traceback__)[-_PLACES:]
        places = (f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames)
        return cls(type(error).__name__, tuple(places))


Answer: TypeAlias = Parsed | Refusal | Failure
Done: TypeAlias = tuple[float, bytes]
"""Seconds it took, and the encoded `Answer`."""


class _Pickler(pickle.Pickler):
    """Leaves out the request's own body wherever it is kept as `raw`: the gateway has it."""

    def __init__(self, file: io.BytesIO, body: bytes) -> None:
        super().__init__(file, protocol=5)
        self._body = body

    def persistent_id(self, obj: Any) -> str | None:
        return _BODY if obj is self._body else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, body: bytes) -> None:
        super().__init__(file)
        self._body = body

    def persistent_load(self, pid: Any) -> bytes:
        return self._body


def encode(answer: Answer, body: bytes) -> bytes:
    """Raises whatever pickling the answer's values raises."""
    out = io.BytesIO()
    _Pickler(out, body).dump(answer)
    return out.getvalue()


def decode(data: bytes, body: bytes) -> Answer:
    """The inverse of `encode`, with the same body."""
    found: Answer = _Unpickler(io.BytesIO(data), body).load()
    return found
