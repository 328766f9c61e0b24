"""References to the environment and to files: `${NAME}` and `file:PATH`.

A secret is never written into YAML. A settings model declares it as `Secret`, the YAML names where it lies, and the
loader puts the value in its place before the model sees it. `SecretUrl` is for addresses with a password: the
address may stand in YAML, its password may not.
"""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from pydantic import SecretStr

Secret: TypeAlias = SecretStr
"""A secret of a settings model: `${NAME}` or `file:PATH` in YAML, or set directly by an override variable."""


@dataclass(frozen=True, slots=True)
class UrlMark:
    """Marks a SecretStr as an address, of which only the password is secret."""


SecretUrl: TypeAlias = Annotated[SecretStr, UrlMark()]
"""An address that may hold a password: `amqp://regia:${RABBIT_PASSWORD}@host/`, or a reference to the whole."""

FILE_PREFIX: Final = "file:"
_VARIABLE: Final = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_WHOLE: Final = re.compile(r"\$\{[^}]*\}")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PASSWORD: Final = re.compile(r"[^/?#]*//[^/?#@]*?:(?!\d+(?:[/?#]|$))(?P<password>.*)@", re.DOTALL)
"""Whatever stands between the first `:` and the last `@`, unless that is a port: also a password with a bare `/` in it."""
_MAX_BYTES: Final = 64 * 1024
_NEW_BYTES: Final = 32
_WRITE_IT: Final = "write ${NAME} or file:PATH"


class Unresolved(Exception):
    """A reference that gives no value. `message` and `hint` name variables and paths, never contents."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Resolves references. `seen` collects what they gave, so that error messages can be kept free of it."""

    environ: Mapping[str, str] = field(repr=False)
    folder: Path
    """Relative paths of `file:` references start here."""
    make: bool = False
    """Whether a missing file below `folder` is made with a random secret: for development, at first run."""
    seen: set[str] = field(default_factory=set, repr=False)

    def interpolate(self, text: str) -> str:
        """`text` with every `${NAME}` replaced and `$${` as `${`. Raises Unresolved."""
        return _VARIABLE.sub(self._variable, text)

    def secret(self, text: str, *, url: bool = False, literal: bool = False) -> str:
        """The secret that `text` refers to; with `literal` it may be the secret itself. Raises Unresolved."""
        value = self._secret(text, url=url, literal=literal)
        self.seen.add(value)
        if not value:
            raise Unresolved("the secret is empty", "give it a value")
        return value

    def _secret(self, text: str, *, url: bool, literal: bool) -> str:
        if text.startswith(FILE_PREFIX):
            return self._file(text.removeprefix(FILE_PREFIX))
        if literal:
            return text
        if _WHOLE.fullmatch(text):
            return self._named(text[2:-1], empty=False)
        if url and not _holds_password(text):
            return self.interpolate(text)
        self.seen.add(text)
        if url:
            raise Unresolved("a password stands in the address", "write ${NAME} in its place")
        raise Unresolved("a secret stands in the file", _WRITE_IT)

    def _variable(self, match: re.Match[str]) -> str:
        if match[1] is None:
            return "${"
        if not match[0].endswith("}"):
            raise Unresolved("a reference is not closed", "write ${NAME}, or $${ for the characters themselves")
        return self._named(match[1], empty=True)

    def _named(self, name: str, *, empty: bool) -> str:
        if not _NAME.fullmatch(name):
            raise Unresolved("a reference does not name a variable", "write ${NAME}, or $${ for the characters themselves")
        value = self.environ.get(name)
        if value is None or (value == "" and not empty):
            state = "not set" if value is None else "empty"
            raise Unresolved(f"the environment variable {name} is {state}", f"set {name} before the start")
        self.seen.add(value)
        return value

    def _file(self, name: str) -> str:
        path = self.folder / name.strip()
        if not name.strip() or "\0" in name:
            raise Unresolved("file: without a path", "write file:PATH")
        try:
            if self.make and _below(path, self.folder):
                _make(path)
            return _read(path)
        except FileNotFoundError:
            message, hint = f"the file {path} does not exist", "create it with the secret as its only line"
        except UnicodeDecodeError:
            message, hint = f"the file {path} is not UTF-8", "save the secret as text"
        except OSError as error:
            message, hint = f"the file {path} cannot be opened: {error.strerror}", "check its path and permissions"
        # raised outside the handlers: a decoding error carries the bytes of the file
        raise Unresolved(message, hint)


def _holds_password(url: str) -> bool:
    found = _PASSWORD.match(url)
    return found is not None and _WHOLE.sub("", found["password"]) != ""


def _below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _read(path: Path) -> str:
    # a named pipe or a device would hold up the start for ever
    if path.exists() and not path.is_file():
        raise Unresolved(f"{path} is not a file", "name the file that holds the secret")
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise Unresolved(f"the file {path} is too large for a secret", "name the file that holds the secret")
    if not content.strip():
        raise Unresolved(f"the file {path} is empty", "write the secret into it")
    return content.decode("utf-8").rstrip("\r\n")


def _make(path: Path) -> None:
    """Put a new secret at `path` unless something is there. Whole or not at all, also when two processes start at once."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(_NEW_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # a link fails where the name is taken; a rename would replace the secret another process has made
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
