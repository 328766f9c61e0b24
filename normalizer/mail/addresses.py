"""Address headers: the structure is read first and names are decoded afterwards, so that no encoded name can pass for an
address."""

import re
from email.headerregistry import HeaderRegistry
from email.utils import getaddresses
from functools import lru_cache
from typing import Any, Final, TypeAlias

from normalizer.mail.headers import one_line
from normalizer.mail.model import Address
from normalizer.values import Invalid, read_email

_MAX_ADDRESSES: Final = 200
_MAX_HEADERS: Final = 4
_MAX_MARKS: Final = 20
_SHORT: Final = 300
_REGISTRY: Final = HeaderRegistry()

_Read: TypeAlias = tuple[tuple[str, ...], tuple[Address, ...]]
"""The addresses as they are written, and those of them that are any."""

_ENCODED: Final = re.compile(r"=\?[^\s?]{1,60}\?[bBqQ]\?[^?]{0,4000}\?=")
_PLACE: Final = re.compile("\ue000([0-9]{1,4})\ue001")
_BARE: Final = re.compile(
    r"""(?<![^\s<>()\[\],;:'])[^\s<>()\[\]\",;:@\\]{1,64}@[^\s<>()\[\]\",;:@\\]{1,253}(?![^\s<>()\[\],;:'])"""
)
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.){0,300}"(?:@[^\s<>]{0,253})?')
_COMMENT: Final = re.compile(r"\([^()]{0,300}\)")
_QUOTED_LOCAL: Final = re.compile(r'"((?:[^"\\\r\n]|\\[ -~]){1,64})"@([^\s@<>"]{1,253})')
_NEEDS_NO_QUOTES: Final = re.compile(r"[^\s\"(),:;<>@\[\\\].]{1,64}(?:\.[^\s\"(),:;<>@\[\\\].]{1,64}){0,20}")
_EMPTY: Final = re.compile(r"<\s{0,20}>")
_PLAUSIBLE: Final = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,253}")
_NAMED_BY_ADDRESS: Final = re.compile(r"[^<>\",;:()]{0,200}@[^<>\",;:()@]{0,200}<[^<>\s@]{1,64}@[^<>\s@]{1,253}>[ \t]{0,80}")
"""`Anna@Shop <anna@example.it>`: the name needs quotes and has none. The grammar takes the name for the address."""


def addresses(values: tuple[str, ...]) -> tuple[Address, ...]:
    """All addresses of these headers, in their order, each once. Nothing usable gives an empty tuple; never raises."""
    found: dict[str, Address] = {}
    for value in values[:_MAX_HEADERS]:
        for address in grammatical(value) or _salvage(value):
            found.setdefault(address.email, address)
    return tuple(found.values())[:_MAX_ADDRESSES]


def grammatical(value: str) -> list[Address]:
    """What the standard's grammar finds in a header, each mention of an address by itself; nothing in a broken one."""
    return list(_grammatical(value)[1])


def as_written(value: str) -> list[str]:
    """The addresses that the standard's grammar finds in a header, letter by letter, those that are no addresses included."""
    return list(_grammatical(value)[0])


def _grammatical(value: str) -> _Read:
    if not _plausible(value) or _NAMED_BY_ADDRESS.fullmatch(value):
        return (), ()
    return _remembered(value) if len(value) <= _SHORT else _read(value)


@lru_cache(maxsize=1024)
def _remembered(value: str) -> _Read:
    """The grammar takes longer than all the rest of a small mail, and the same headers come again: From is read twice, and
    our own address stands in To and Delivered-To of every mail."""
    return _read(value)


def _plausible(value: str) -> bool:
    """Whether the grammar may have it: thousands of quote marks or brackets take it a second, and are no addresses."""
    return sum(map(value.count, '"()[]<>\\')) <= _MAX_MARKS * (value.count("@") + 1)


def _read(value: str) -> _Read:
    """By the standard library's grammar. Encoded words are taken out before, as atoms, and put back into the names."""
    words: list[str] = []

    def take(match: re.Match[str]) -> str:
        words.append(match[0])
        return f"\ue000{len(words) - 1}\ue001"

    def put_back(text: str) -> str:
        return _PLACE.sub(lambda match: words[int(match[1])] if int(match[1]) < len(words) else "", text)

    # Neighbouring words are one: the blank between them belongs to neither.
    atoms = re.sub("\ue001[ \t]{1,80}\ue000", "\ue001\ue000", _ENCODED.sub(take, value))
    try:
        header: Any = _REGISTRY("to", atoms)
        pairs = [(entry.addr_spec, entry.display_name) for entry in header.addresses]
        commented = _commented(atoms, len(pairs))
    except Exception:  # noqa: BLE001  # the grammar raises a dozen kinds, RecursionError among them; salvage comes next
        return (), ()
    return tuple(spec for spec, _ in pairs), tuple(
        Address(email, one_line(put_back(str(name or commented.get(spec, "")))))
        for spec, name in pairs
        if spec and "\ue000" not in spec and _quoted_as_written(spec, atoms) and (email := email_of(spec))
    )


def _commented(value: str, mailboxes: int) -> dict[str, str]:
    """The names in `anna@example.it (Anna)`, an old custom that the older reader knows. More comments are no names."""
    if not 0 < value.count("(") <= mailboxes:
        return {}
    return {spec: name for name, spec in getaddresses([value])}


def _quoted_as_written(spec: str, value: str) -> bool:
    """The library takes words before a bare address for a part of it, and puts quotes around them."""
    return not spec.startswith('"') or spec.rpartition("@")[0] in value


def _salvage(value: str) -> list[Address]:
    """What looks like one address in a broken header: the last in angle brackets, else the first bare one.

    Several addresses in a broken header are not told apart: a wrong one would be worse than none. What stands in quotes,
    in a comment or in an encoded word is part of a name or of another address, whatever it looks like.
    """
    plain = _COMMENT.sub(" ", _QUOTED.sub(" ", _ENCODED.sub(" ", value)))
    inside = re.findall(r"<([^<>]{3,320})>", plain)
    for candidate in [*reversed(inside), *_BARE.findall(plain)[:1]]:
        if email := email_of(candidate):
            name = name_of(value.partition("<")[0]) if inside else None
            return [Address(email, name if name != email else None)]
    return []


def name_of(value: str) -> str | None:
    """What a header says beside an address, or instead of one."""
    name = (one_line(_EMPTY.sub(" ", value)) or "").strip(" \"'\t")
    return name or None


def email_of(text: str) -> str | None:
    """The address in lower case, or None. Real mailboxes break the rules of the standard (`anna..b@docomo.ne.jp`), so
    what is refused as input of a form is still taken from a mail that has come, if it is of the common shape."""
    text = text.strip(" \t'<>,;.")
    if quoted := _QUOTED_LOCAL.fullmatch(text):
        return _with_quotes(*quoted.groups())
    text = text.strip(" \t'\"")
    try:
        return read_email(text)
    except Invalid:
        match = _PLAUSIBLE.fullmatch(text.lower())
        return match[0] if match and match[0].isprintable() else None


def _with_quotes(local: str, domain: str) -> str | None:
    """`"anna bianchi"@example.it`: the quotes belong to the address, unless they are not needed (RFC 5322, 3.4.1)."""
    if _NEEDS_NO_QUOTES.fullmatch(local):
        return email_of(f"{local}@{domain}")
    known = email_of(f"x@{domain}")
    return f'"{local.lower()}"{known[1:]}' if known and local.isprintable() else None
