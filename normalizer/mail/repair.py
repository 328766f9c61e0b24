"""Bytes of which nobody says truly what they are: UTF-8 with lines of another set in it, old single-byte sets under the
name of another, UTF-16 without its mark."""

import codecs
import re
from functools import cache
from typing import Final

_SIBLINGS: Final = {
    "iso8859_2": "cp1250",
    "iso8859_4": "cp1257",
    "iso8859_5": "cp1251",
    "iso8859_6": "cp1256",
    "iso8859_7": "cp1253",
    "iso8859_8": "cp1255",
    "iso8859_13": "cp1257",
    "iso8859_15": "cp1252",
}
"""What Windows means by a set of ISO 8859: letters and quote marks where that has controls."""
_CONTROLS: Final = re.compile(rb"[\x80-\x84\x86-\x9f]")
_WESTERN: Final = frozenset(("cp1252", "iso8859_15"))

_LETTER: Final = "a-zóêæñ³¿¹±¶¼œ"
_POLISH: Final = re.compile(
    rf"(?<=[A-Z{_LETTER}]{{2}})[³¹¿±¶¼](?=[{_LETTER}])|(?<=[A-Z{_LETTER}])[³¹¿±¶¼](?=[{_LETTER}]{{2}})"
    rf"|(?<![\w³¹¿±¶¼])[³¿](?=[{_LETTER}]{{2}})|(?<=[a-zó³¿])Ÿ"
)
"""Polish read as Western: signs within words that no Western language has there. What stands behind a word or a number is
no evidence (`m³`), nor is `œ`, which French has."""
_NOT_POLISH: Final = re.compile("[àâäåãáçèéëìíîïôöõòøùúûüßÀÂÄÅÃÁÇÈÉËÎÏÔÖØÜÕ]")
"""Letters of the West that Polish lacks."""
_ISO_SIGNS: Final = re.compile("[±¶¼]")
_WINDOWS_SIGNS: Final = re.compile("[¹œŸŒ]")
_ENOUGH: Final = 2
"""Different signs make it Polish; one may be a unit or a slip."""
_SHARE: Final = 20
"""One word in so many has such a sign, at least."""

_MULTIBYTE: Final = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")

_HIGH: Final = re.compile(rb"[\x80-\xff]+")
_ASCII: Final = 0x7F

_MARKS: Final = ((codecs.BOM_UTF32_LE, "utf_32"), (codecs.BOM_UTF16_LE, "utf_16"), (codecs.BOM_UTF16_BE, "utf_16"))


def sibling(codec: str, data: bytes) -> str:
    """The set that was meant by a name of ISO 8859: that of Windows, where bytes stand for which ISO has controls."""
    return _SIBLINGS[codec] if codec in _SIBLINGS and _CONTROLS.search(data) else codec


def without_label(data: bytes) -> str | None:
    """Of data that begins with a mark of UTF-16 or UTF-32."""
    found = next((codec for mark, codec in _MARKS if data.startswith(mark) and len(data) > len(mark)), None)
    if found is None or (found == "utf_16" and b"\0" not in data and b"\n" not in data):
        return None
    return utf16(data, found) if found == "utf_16" else data.decode(found, "replace")


def utf16(data: bytes, codec: str) -> str:
    """UTF-16 in either order: by its mark, by its label, else by where the zero bytes of common letters stand. Line ends
    that a server appended as plain bytes, and half a character at the end, go."""
    if codec == "utf_16" and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codec = "utf_16_be" if data[::2].count(0) > data[1::2].count(0) else "utf_16_le"
    text = data[: len(data) // 2 * 2].decode(codec, "replace")
    return text.rstrip("\u0d0a" if codec == "utf_16_be" else "\u0a0d")


def mixed(data: bytes, western: str = "cp1252") -> str:
    """UTF-8 where it is, and the single-byte set where it is not. Never raises."""
    rest = _MULTIBYTE.sub(b"", data)
    codec = (polish(rest) if western in _WESTERN else None) or western
    if len(rest) == len(data):
        return data.decode(codec, "replace")
    return data.decode("utf_8", _handler(codec))


@cache
def _handler(codec: str) -> str:
    """The name of a handler for what is not UTF-8: letters of the old set among plain ones; beside characters of UTF-8 the
    rest of a broken one."""

    def handle(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        data, start = error.object, error.start
        # Asked first: a long run is looked at once only, at its beginning.
        if start and data[start - 1] > _ASCII:
            return "\ufffd", error.end
        run = _HIGH.match(data, start)
        if run is None or _MULTIBYTE.search(run[0]):
            return "\ufffd", error.end
        return run[0].decode(codec, "replace"), run.end()

    name = f"regia-mixed-{codec}"
    codecs.register_error(name, handle)
    return name


def polish(data: bytes) -> str | None:
    """The set of Polish text that calls itself Western or nothing at all; None where it is no such text."""
    western = data.decode("cp1252", "replace")
    signs = _POLISH.findall(western)
    if len(set(signs)) < _ENOUGH or len(signs) * _SHARE < len(western.split()) or _NOT_POLISH.search(western):
        return None
    return "cp1250" if len(_WINDOWS_SIGNS.findall(western)) >= len(_ISO_SIGNS.findall(western)) else "iso8859_2"
