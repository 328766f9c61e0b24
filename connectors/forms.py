"""Reading the bodies that browsers and scripts post: JSON, form-encoded and multipart. Bytes in, names and values out.

Every defect of a body is `Rejected`: nothing else leaves these functions, whatever the bytes.
"""

import binascii
import codecs
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from multipart import (  # type: ignore[import-untyped]  # the library ships no type information
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from connectors.base import Request
from connectors.errors import Rejected

JSON: Final = "application/json"
URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"

_KEY: Final = re.compile(r"[ -~]{1,200}")

MAX_FIELDS: Final = 200
MAX_FILES: Final = 50
MAX_FIELD_BYTES: Final = 256 * 1024

# Only real character sets: Python also knows codecs such as `punycode`, `unicode_escape` and `utf_7`, which cost
# quadratic time, make lone surrogates or hide markup. `latin_1` is read as windows-1252, as browsers do (WHATWG Encoding).
_CHARSETS: Final = frozenset(
    [
        *("utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be", "koi8-r", "koi8-u", "gb18030", "gbk", "gb2312", "big5"),
        *("shift_jis", "euc_jp", "euc_kr", "iso2022_jp"),
        *(f"cp{page}" for page in (874, 932, 949, 950, *range(1250, 1259))),
        *(f"iso8859-{part}" for part in range(1, 17)),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file of a multipart body. `field` is the name of its input, `content_type` what the client declared."""

    field: str
    filename: str
    content_type: str | None
    content: bytes

    def described(self) -> dict[str, str | int | None]:
        """What is kept in `raw` instead of the bytes."""
        digest = hashlib.sha256(self.content).hexdigest()
        return {
            "field": self.field,
            "filename": self.filename,
            "content_type": self.content_type,
            "size": len(self.content),
            "sha256": digest,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What was posted. `pairs` are the names and values in their order; `values` has the last of each name.

    A JSON body gives its top-level members. `raw` is the body as it is kept: byte for byte, but for multipart, where it is
    a JSON document of the fields and of descriptions of the files.
    """

    pairs: tuple[tuple[str, Any], ...]
    files: tuple[Upload, ...] = ()
    raw: bytes
    raw_content_type: str
    is_json: bool = False

    @property
    def values(self) -> Mapping[str, Any]:
        return dict(self.pairs)

    @property
    def repeated(self) -> frozenset[str]:
        """The names that were given more than once."""
        return frozenset(name for name, count in Counter(name for name, _ in self.pairs).items() if count > 1)


def idempotency_key(request: Request) -> str | None:
    """The `Idempotency-Key` of a request, None without one. Raises `Rejected`: `malformed`."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise Rejected("malformed", "Idempotency-Key must be 1 to 200 printable ASCII characters")
    return key


def read_body(request: Request) -> Body:
    """The body by its content type. Raises `Rejected`: `unsupported_media_type`, `malformed` or `too_large`."""
    reader = _READERS.get(request.content_type)
    if reader is None:
        raise Rejected("unsupported_media_type", f"send {JSON}, {URLENCODED} or {MULTIPART}")
    return reader(request)


def read_json(request: Request) -> Body:
    """An object of the top level. Nesting is bounded by the parser, NaN, Infinity and lone surrogates are refused by it."""
    text = _decode(request.body, _charset(request)).removeprefix("\ufeff")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Rejected("malformed", f"the body is not JSON: line {error.lineno} column {error.colno}") from None
    if not isinstance(document, dict):
        raise Rejected("malformed", "the body must be a JSON object")
    return Body(pairs=tuple(document.items()), raw=request.body, raw_content_type=_full_type(request), is_json=True)


def read_urlencoded(request: Request) -> Body:
    """Names and values, percent-decoded in the declared charset (UTF-8 without one)."""
    charset = _charset(request)
    text = _decode(request.body, charset)
    try:
        pairs = parse_qsl(text, keep_blank_values=True, encoding=charset, errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError:
        raise Rejected("malformed", f"a value is not {charset} text") from None
    except ValueError:
        raise Rejected("malformed", f"more than {MAX_FIELDS} fields") from None
    return Body(pairs=tuple(pairs), raw=request.body, raw_content_type=_full_type(request))


def read_multipart(request: Request) -> Body:
    """RFC 7578. A part with a filename is a file, except the empty one a browser sends where none was chosen."""
    fallback = _charset(request)
    pairs: list[tuple[str, str]] = []
    files: list[Upload] = []
    for part, content in _parts(request):
        if part.filename is None:
            if len(content) > MAX_FIELD_BYTES:
                raise Rejected("too_large", f"a field is larger than {MAX_FIELD_BYTES} bytes")
            charset = _known_charset(part.charset) if part.charset else fallback
            pairs.append((part.name, _decode(content, charset)))
        elif part.filename or content:
            files.append(Upload(field=part.name, filename=part.filename, content_type=part.content_type, content=content))
    if len(files) > MAX_FILES:
        raise Rejected("too_large", f"more than {MAX_FILES} files")
    raw = orjson.dumps({"fields": pairs, "files": [file.described() for file in files]})
    return Body(pairs=tuple(pairs), files=tuple(files), raw=raw, raw_content_type=JSON)


def read_fields(request: Request) -> dict[str, bytes]:
    """The fields of a form-encoded or multipart body as the bytes they are, the first of a name; files are left out.

    For programs that post documents in fields: nothing is decoded, so nothing is lost. Raises `Rejected`.
    """
    found: dict[str, bytes] = {}
    if request.content_type == MULTIPART:
        for part, content in _parts(request):
            if part.filename is None:
                found.setdefault(part.name, content)
        return found
    if request.content_type != URLENCODED:
        raise Rejected("unsupported_media_type", f"send {MULTIPART} or {URLENCODED}")
    if request.body.count(b"&") >= MAX_FIELDS:
        raise Rejected("malformed", f"more than {MAX_FIELDS} fields")
    for pair in request.body.split(b"&"):
        name, _, value = pair.partition(b"=")
        found.setdefault(_unquoted(name).decode("utf-8", "replace"), _unquoted(value))
    return found


def _unquoted(text: bytes) -> bytes:
    """Percent-decoded. Quoted-printable is the same with another sign, and has a decoder in C: the one for URLs makes an
    object of every `%`, and a stranger may send forty million of them."""
    return binascii.a2b_qp(text.replace(b"+", b" ").replace(b"=", b"=3D").replace(b"%", b"="))


def _parts(request: Request) -> Iterator[tuple[MultipartSegment, bytes]]:
    _, options = parse_options_header(request.headers.get("content-type", ""))
    try:
        parser = PushMultipartParser(
            options.get("boundary", ""), content_length=len(request.body), max_segment_count=MAX_FIELDS + MAX_FILES
        )
        with parser:
            yield from _assembled(parser, request.body)
    except ParserLimitReached:
        raise Rejected("too_large", f"more than {MAX_FIELDS + MAX_FILES} parts, or a part with endless headers") from None
    except ValueError:
        # The library's own errors are ValueErrors, and so are those of the text decoding inside it.
        raise Rejected("malformed", "the body is not complete multipart/form-data with that boundary") from None


def _assembled(parser: PushMultipartParser, body: bytes) -> Iterator[tuple[MultipartSegment, bytes]]:
    # The parser gives the part's header, then its payload in chunks, then None.
    part: MultipartSegment | None = None
    chunks: list[bytes] = []
    for event in parser.parse(body):
        if isinstance(event, MultipartSegment):
            part, chunks = event, []
        elif event is None:
            yield part, b"".join(chunks)
        else:
            chunks.append(bytes(event))


def _charset(request: Request) -> str:
    _, options = parse_options_header(request.headers.get("content-type", ""))
    return _known_charset(options.get("charset", "utf-8"))


def _known_charset(name: str) -> str:
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        codec = ""
    if codec not in _CHARSETS:
        raise Rejected("unsupported_media_type", "unknown charset: send UTF-8")
    return "cp1252" if codec == "iso8859-1" else codec


def _decode(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset)
    except UnicodeDecodeError:
        raise Rejected("malformed", f"the body is not {charset} text") from None


def _full_type(request: Request) -> str:
    # A header may hold surrogates where its bytes were no UTF-8; they could not be written down.
    return request.headers.get("content-type", "").encode("ascii", "replace").decode("ascii")


_READERS: Final = {JSON: read_json, URLENCODED: read_urlencoded, MULTIPART: read_multipart}
