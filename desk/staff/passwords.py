"""Passwords of people who use the console: how they are kept (argon2id, RFC 9106), and which are too easily guessed."""

import re
import secrets
from collections.abc import Callable
from typing import Final, Literal, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from storage.threads import Threads

T = TypeVar("T")

Weakness = Literal["too_short", "too_long", "is_name", "too_common"]

SHORTEST: Final = 12
LONGEST: Final = 200
"""Characters. Longer ones only keep the processor busy."""
MOST_WAITING: Final = 20
"""Passwords that wait to be looked at: each takes 64 MiB for about a tenth of a second, one after the other."""
_FEWEST: Final = 5
"""Different characters of a password."""
_BASES: Final = frozenset(
    word
    for line in (
        "password passwort passw0rd p4ssword parolachiave segreta segreto secret changeme default welcome benvenuto letmein",
        "qwerty qwertyuiop qwertz azerty asdfgh asdfghjkl zxcvbnm iloveyou tiamo ciaociao superman batman princess sunshine",
        "football baseball trustno monkey dragon master admin administrator amministratore root login regia console",
        "juventus forzanapoli andrea francesca alessandro giuseppe",
        "estate inverno primavera autunno summer winter spring autumn",
    )
    for word in line.split()
)
"""Words that very common passwords are made of; with digits and signs around them they are no better."""
_ROWS: Final = (
    *("abcdefghijklmnopqrstuvwxyz", "0123456789", "1q2w3e4r5t6y7u8i9o0p", "1q2w3e4r5t6z7u8i9o0p"),
    *("qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm"),
)
_LEET: Final = str.maketrans("0134578@$!", "oleastbasi")
_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without what looks alike."""


class TooMany(Exception):
    """More passwords wait to be looked at than is good: try again in a moment."""


class Passwords:
    """Hashes and compares in a thread of its own, one at a time. `hasher` has the parameters."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._thread = Threads(1, "passwords")
        self._waiting = 0
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Raises `TooMany`."""
        return await self._do(lambda: self._hasher.hash(password))

    async def is_right(self, password: str, hashed: str | None) -> bool:
        """Whether it is the one of the hash. Without a hash it takes as long, and it is not. Raises `TooMany`."""
        return await self._do(lambda: self._verify(password, hashed))

    def is_stale(self, hashed: str) -> bool:
        """Whether it was made with other parameters than are used now."""
        return self._hasher.check_needs_rehash(hashed)

    def _verify(self, password: str, hashed: str | None) -> bool:
        if self._nobodys is None:
            self._nobodys = self._hasher.hash(secrets.token_hex())
        try:
            self._hasher.verify(hashed or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None

    async def _do(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise TooMany
        self._waiting += 1
        try:
            return await self._thread.do(work)
        finally:
            self._waiting -= 1


def weakness(password: str, *, names: tuple[str, ...]) -> Weakness | None:
    """Why nobody should have this password; None where it will do. `names` are those of its owner."""
    if len(password) < SHORTEST:
        return "too_short"
    if len(password) > LONGEST:
        return "too_long"
    bare = re.sub(r"[\W\d_]+", "", password.casefold())
    for name in names:
        said = re.sub(r"[\W\d_]+", "", name.casefold())
        if said and bare == said * (len(bare) // len(said)) and bare:
            return "is_name"
    return "too_common" if _is_common(password.casefold(), bare) else None


def _is_common(folded: str, bare: str) -> bool:
    if len(set(folded)) < _FEWEST or _is_row(folded):
        return True
    plain = re.sub(r"[\W\d_]+", "", re.sub(r"[\W\d_]+$", "", folded).translate(_LEET))
    return any(_is_made_of(one, _BASES) for one in (bare, plain) if one)


def _is_made_of(text: str, words: frozenset[str]) -> bool:
    """Whether it is one or several of the words and nothing else."""
    reached = {0}
    for at in range(len(text)):
        if at in reached:
            reached |= {at + len(word) for word in words if text.startswith(word, at)}
    return len(text) in reached


def _is_row(folded: str) -> bool:
    """Keys in their order, forwards, backwards or over and over."""
    return any(folded in (row * 8) or folded in (row[::-1] * 8) for row in _ROWS)


def one_time() -> str:
    """A password for one log-in, which people can read to each other: 75 bits."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(15))
    return "-".join(letters[at : at + 5] for at in range(0, 15, 5))
