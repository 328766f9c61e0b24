"""Bytes to text, whatever the mail says about its character set: declared, then strict UTF-8, then Windows-1252."""

import re
from encodings.aliases import aliases
from typing import Final

from normalizer.mail import japanese
from normalizer.mail.repair import mixed, polish, sibling, utf16, without_label

_JAPANESE: Final = "iso2022_jp_ext"

_NAMES: Final = {
    # Labels seen in mails that Python does not know, and labels that mean more than they say: what is sent as
    # ISO-8859-1 is Windows-1252, and the East Asian labels stand for their vendors' larger sets (WHATWG Encoding).
    "iso88591": "cp1252",
    "latin1": "cp1252",
    "iso88599": "cp1254",
    "iso885911": "cp874",
    "iso88598i": "iso8859_8",
    "iso88598e": "iso8859_8",
    "iso88596i": "iso8859_6",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "xgbk": "gb18030",
    "big5": "cp950",
    "big5hkscs": "big5hkscs",
    "ksc56011987": "cp949",
    "euckr": "cp949",
    "shiftjis": "cp932",
    "xsjis": "cp932",
    "windows31j": "cp932",
    "iso2022jp": _JAPANESE,
    "iso2022jpms": _JAPANESE,
    "csiso2022jp": _JAPANESE,
    "cp50220": _JAPANESE,
    "cp50221": _JAPANESE,
    "cp50222": _JAPANESE,
    "unicode11utf7": "utf_7",
    "xunicode20utf7": "utf_7",
    "xmaccyrillic": "mac_cyrillic",
    "xmacroman": "mac_roman",
    "macintosh": "mac_roman",
    "xmacce": "mac_latin2",
    "windows874": "cp874",
    "cp8859": "cp1252",
    "unicode": "utf_16",
    "ucs2": "utf_16",
    "koi8u": "koi8_u",
    "cp720": "cp720",
    "cp737": "cp737",
    "cp874": "cp874",
}
# Words are listed as one line rather than a column.
_NOT_TEXT: Final = frozenset("base64_codec bz2_codec hex_codec quopri_codec rot_13 uu_codec zlib_codec mbcs tactis".split())  # noqa: SIM905
_UNKNOWN: Final = "ascii"
"""Says nothing: bytes above 127 prove it wrong, and below it UTF-8 is the same."""

_KNOWN: Final = {
    re.sub("[^a-z0-9]", "", label): codec
    for alias, codec in aliases.items()
    if codec not in _NOT_TEXT
    for label in (alias, codec)
} | _NAMES
_SINGLE_BYTE: Final = re.compile(r"cp(?:1[02]\d\d|[4-8]\d\d)$|iso8859|koi8|mac_|latin|tis_620")


def codec_of(label: str | None) -> str | None:
    """Python's name for a charset label, or None when there is none. Labels come from strangers: only known ones are
    looked up, for Python imports a module by the name it is asked for and remembers every failure."""
    if not label:
        return None
    plain = re.sub("[^a-z0-9]", "", label[:60].lower())
    codec = _KNOWN.get(plain)
    return None if codec == _UNKNOWN else codec


def decode(data: bytes, label: str | None) -> tuple[str, bool]:
    """The text, and whether the declared character set had to be overruled. Never raises.

    UTF-8 checks itself: bytes above 127 that form valid UTF-8 are UTF-8, also under a label of a single-byte set.
    """
    codec = codec_of(label)
    if codec is None:
        if (text := without_label(data)) is not None:
            return text, label is not None
        if any(escape in data for escape in japanese.OPENS):
            codec = _JAPANESE
    if data.isascii() and not _changes_ascii(codec):
        return data.decode("ascii"), False
    if codec is None or _SINGLE_BYTE.match(codec) or (codec.startswith("utf_16") and b"\0" not in data):
        text = _strictly(data, "utf_8")
        if text is not None:
            return text, label is not None
    return _declared(data, codec) or _guessed(data, codec)


def _declared(data: bytes, codec: str | None) -> tuple[str, bool] | None:
    """By the declared set or one that is meant by its name, where the bytes fit."""
    if codec is None:
        return None
    if codec.startswith("utf_16") and b"\0" in data:
        return utf16(data, codec), False
    if codec in ("cp1252", "iso8859_15", "cp1250") and (other := polish(data)) and other != codec:
        return data.decode(other, "replace"), True
    meant = sibling(codec, data)
    text = _strictly(data, meant)
    if text is None and codec.startswith("iso2022_jp"):
        text = japanese.decode_jp(data)
        return None if _damaged(text) else (text, False)
    return None if text is None else (text, meant != codec)


def _guessed(data: bytes, codec: str | None) -> tuple[str, bool]:
    """Damaged text keeps its own character set where most of it fits; else it is UTF-8 with lines of an old set in it."""
    if codec is not None and not codec.startswith(("utf_7", "utf_8")):
        text = data.decode(codec, "replace")
        if not _damaged(text):
            return text, True
    western = codec if codec is not None and _SINGLE_BYTE.match(codec) else "cp1252"
    return mixed(data, western), True


def _damaged(text: str) -> bool:
    return text.count("\ufffd") * 20 > len(text)


def _changes_ascii(codec: str | None) -> bool:
    return codec is not None and codec.startswith(("iso2022", "utf_7", "utf_16", "utf_32", "hz", "cp037", "cp500"))


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError):
        return None


def decode_header_bytes(value: str) -> str:
    """A header as the parser holds it (bytes above 127 as surrogates) to text: raw UTF-8 (RFC 6532) or Windows-1252."""
    if value.isascii():
        return value
    return decode(value.encode("ascii", "surrogateescape") if _escaped(value) else value.encode("utf_8", "replace"), None)[0]


def _escaped(value: str) -> bool:
    return all(character < "\x80" or "\udc80" <= character <= "\udcff" for character in value)
