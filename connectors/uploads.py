"""Which files a form or an API client may hand over. What a file really is, is found out later from its bytes."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from mimetypes import MimeTypes
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from normalizer.advice import Problem
from normalizer.inbound import InboundAttachment
from normalizer.values import clean_line

MEGABYTE: Final = 1024 * 1024
_UNSPECIFIC: Final = ("", "application/octet-stream")
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
    """How many files, how large each (bytes), and of which content types (`image/*` for a family)."""

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
        if not any(fnmatchcase(file.content_type or "", allowed) for allowed in self.content_types):
            return Problem("file_type", readable_types(self.content_types))
        return None


def attachment(filename: str | None, content_type: str | None, content: bytes) -> InboundAttachment:
    """A file as handed over: its name without folders and control characters, its type as declared.

    Where a client declares none or only `application/octet-stream`, the name's extension speaks.
    """
    name = clean_line((filename or "").replace("\\", "/").rpartition("/")[2])
    stem, dot, extension = name.rpartition(".")
    if len(name) > _LONGEST_NAME:
        name = (stem[: _LONGEST_NAME - 20] + dot + extension[:19]) if stem else name[:_LONGEST_NAME]
    declared = (content_type or "").partition(";")[0].strip().lower()
    if declared in _UNSPECIFIC:
        declared = _BY_EXTENSION.guess_type(name)[0] or declared
    return InboundAttachment(filename=name or None, content_type=declared or None, content=content)


def readable_types(content_types: Iterable[str]) -> str:
    """Content types as people know them, the same in every language: `JPG, PNG, PDF`."""
    return ", ".join(dict.fromkeys(map(_readable_type, content_types)))


def _readable_type(content_type: str) -> str:
    extension = _BY_EXTENSION.guess_extension(content_type) or ""
    return _FAMILIES.get(content_type) or extension.removeprefix(".").upper() or content_type


def readable_size(size: int) -> str:
    """Bytes as people read them: `10 MB`, `512 KB`."""
    return f"{size / MEGABYTE:.3g} MB" if size >= MEGABYTE else f"{size / 1024:.3g} KB"
