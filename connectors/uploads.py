"""Which files a form or an API client may hand over. Their bytes decide, not what the client says about them."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from mimetypes import MimeTypes
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from normalizer.advice import Problem
from normalizer.inbound import InboundAttachment
from normalizer.sniffing import PROGRAMS, UNKNOWN, bare_type, is_text, recognised, sniff
from normalizer.values import clean_line

# ruff: noqa: SIM905  # extensions are listed in lines rather than in columns

MEGABYTE: Final = 1024 * 1024
_UNSPECIFIC: Final = ("", UNKNOWN)
_TEXTS: Final = frozenset(("application/json", "application/x-ndjson"))
"""Texts beside `text/*`."""
_WINDOWS: Final = frozenset(("application/vnd.microsoft.portable-executable", "application/x-msdownload"))
_JAVASCRIPT: Final = frozenset(("text/javascript", "application/javascript"))
_HTML: Final = frozenset(("text/html",))
_SVG: Final = frozenset(("image/svg+xml",))
_XML: Final = frozenset(("application/xml", "text/xml"))
_SHELL: Final = frozenset(("text/x-shellscript", "application/x-sh"))
_PACKAGE: Final = frozenset(("application/java-archive", "application/vnd.android.package-archive"))
_RUN_BY_NAME: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        **dict.fromkeys("exe com scr pif dll cpl sys msi msp drv ocx lnk reg inf scf url gadget".split(), _WINDOWS),
        **dict.fromkeys("bat cmd ps1 psm1 vbs vbe wsf wsh hta chm".split(), frozenset(("application/x-bat",))),
        **dict.fromkeys("js mjs cjs jse".split(), _JAVASCRIPT),
        **dict.fromkeys("html htm shtml mht mhtml".split(), _HTML),
        **dict.fromkeys("xhtml xht".split(), frozenset(("application/xhtml+xml",))),
        **dict.fromkeys("svg svgz".split(), _SVG),
        **dict.fromkeys("xml xsl xslt".split(), _XML),
        **dict.fromkeys("sh bash zsh csh command run bin app elf desktop".split(), _SHELL),
        **dict.fromkeys("php phtml phar".split(), frozenset(("application/x-php",))),
        **dict.fromkeys("py pyw pyc pl rb".split(), frozenset(("text/x-python",))),
        **dict.fromkeys("jar class jnlp apk deb rpm dmg pkg iso".split(), _PACKAGE),
        "swf": frozenset(("application/x-shockwave-flash",)),
    }
)
"""Last extensions by which a machine or a browser runs a file, with the types of which one has to be named for them."""
_RUN_BY_BROWSERS: Final = _HTML | _SVG | _XML | _JAVASCRIPT | {"application/xhtml+xml"}
"""Types that a family such as `image/*` does not cover: they carry scripts."""
_LONGEST_NAME: Final = 200
_FAMILIES: Final = {
    "image/*": "JPG, PNG, HEIC",
    "audio/*": "MP3, M4A, OGG",
    "video/*": "MP4, MOV",
    "image/jpeg": "JPG",
}
# Without the machine's own files, so that every node decides alike.
_BY_EXTENSION: Final = MimeTypes()


class UploadRules(BaseModel):
    """How many files, how large each (bytes), and of which content types (`image/*` for a family).

    The type is the one the bytes have. Where they tell none, a text may be called what the client calls it, and
    everything else is `application/octet-stream`. A program is never taken. What browsers run (HTML, SVG, XML,
    JavaScript), and a file whose name ends like something to run, is taken only where its type is named in full.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    max_files: int = Field(default=5, gt=0, le=50)
    max_bytes: int = Field(default=10 * MEGABYTE, gt=0)
    content_types: tuple[str, ...] = Field(
        default=("image/*", "audio/*", "video/*", "application/pdf", "text/plain"), min_length=1
    )

    def first_problem(self, files: Iterable[InboundAttachment]) -> Problem | None:
        """The first reason for which these files cannot be taken, or None."""
        files = tuple(files)
        if len(files) > self.max_files:
            return Problem("too_many_files", str(self.max_files))
        return next(filter(None, map(self.problem, files)), None)

    def problem(self, file: InboundAttachment) -> Problem | None:
        """Why this file cannot be taken, or None."""
        if not file.content:
            return Problem("file_empty")
        if len(file.content) > self.max_bytes:
            return Problem("file_too_large", readable_size(self.max_bytes))
        if not self._takes(_real_type(file.content, file.content_type)) or not self._takes_name(file.filename or ""):
            return Problem("file_type", readable_types(self.content_types))
        return None

    def _takes(self, kind: str) -> bool:
        if kind in PROGRAMS:
            return False
        if kind in _RUN_BY_BROWSERS:
            return kind in self.content_types
        return any(fnmatchcase(kind, allowed) for allowed in self.content_types)

    def _takes_name(self, name: str) -> bool:
        # Windows drops blanks and dots at the end of a name, and everything from a colon on.
        extension = name.partition(":")[0].rstrip(". ").rpartition(".")[2].lower()
        needed = _RUN_BY_NAME.get(extension)
        return needed is None or not needed.isdisjoint(self.content_types)


def _real_type(content: bytes, declared: str | None) -> str:
    kind = sniff(content, declared)
    if recognised(content) or ((kind.startswith("text/") or kind in _TEXTS) and is_text(content)):
        return kind
    return UNKNOWN


def attachment(filename: str | None, content_type: str | None, content: bytes) -> InboundAttachment:
    """A file as handed over: its name without folders and control characters, its type by its bytes.

    Where they tell none, it is the declared type; where a client declares none or only `application/octet-stream`,
    the name's extension speaks.
    """
    name = clean_line((filename or "").replace("\\", "/").rpartition("/")[2])
    stem, dot, extension = name.rpartition(".")
    if len(name) > _LONGEST_NAME:
        name = (stem[: _LONGEST_NAME - 20] + dot + extension[:19]) if stem else name[:_LONGEST_NAME]
    declared = bare_type(content_type)
    if declared in _UNSPECIFIC:
        declared = _BY_EXTENSION.guess_type(name)[0] or declared
    kind = sniff(content, declared) if declared or recognised(content) else None
    return InboundAttachment(filename=name or None, content_type=kind, content=content)


def readable_types(content_types: Iterable[str]) -> str:
    """Content types as people know them, the same in every language: `JPG, PNG, PDF`."""
    return ", ".join(dict.fromkeys(map(_readable_type, content_types)))


def _readable_type(content_type: str) -> str:
    extension = _BY_EXTENSION.guess_extension(content_type) or ""
    return _FAMILIES.get(content_type) or extension.removeprefix(".").upper() or content_type


def readable_size(size: int) -> str:
    """Bytes as people read them: `10 MB`, `512 KB`."""
    return f"{size / MEGABYTE:.3g} MB" if size >= MEGABYTE else f"{size / 1024:.3g} KB"
