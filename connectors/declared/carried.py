"""Headers that an event is read by, kept with its bytes: as parameters of their content type.

What lies in quarantine is read again from its bytes and their content type alone. A provider that names a delivery only
in a header would be read as something else then. Of a request that comes in, the parameters count for nothing: whoever
sends it writes them, and no signature covers them.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

from connectors.kit.place import JSON


def content_type(headers: Mapping[str, str], asked: Iterable[str]) -> str:
    """JSON, with those of the headers that are asked for."""
    given = [(name, headers[name]) for name in sorted(asked) if headers.get(name)]
    return "; ".join([JSON, *(f"{name}={quote(value.encode('utf-8', 'replace'), safe='')}" for name, value in given)])


def headers(content_type: str) -> dict[str, str]:
    """The headers that the content type of kept bytes carries."""
    parameters = (part.partition("=") for part in content_type.split(";")[1:])
    return {name.strip().lower(): unquote(value.strip()) for name, equals, value in parameters if equals}
