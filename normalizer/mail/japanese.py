"""ISO-2022-JP as mailers in Japan write it (cp50220, ISO-2022-JP-MS): with NEC's and IBM's characters (① ㈱ 髙) and
half-width katakana, which Python's strict codecs refuse. Turned into Shift-JIS, whose Windows dialect has them all."""

import re
from typing import Final

OPENS: Final = (b"\x1b$", b"\x1b(I")
"""Escapes that nothing but ISO-2022 has in a text."""

_ESCAPE: Final = re.compile(rb"\x1b(\$\([@BD]|\$[@B]|\([BJIH])")
_PAIR: Final = re.compile(rb"[\x21-\x7e]{2}")
_KATAKANA: Final = re.compile(rb"[\x21-\x5f]")
_ROWS_PER_LEAD: Final = 2
_FIRST_UPPER_LEAD: Final = 31
"""Rows in pairs before the lead byte jumps from 0x9F to 0xE0."""


def decode_jp(data: bytes) -> str:
    """The text; what no set has becomes U+FFFD. Never raises."""
    pieces: list[str] = []
    charset, start = b"(B", 0
    for escape in _ESCAPE.finditer(data):
        pieces.append(_decoded(charset, data[start : escape.start()]))
        charset, start = escape[1], escape.end()
    pieces.append(_decoded(charset, data[start:]))
    return "".join(pieces)


def _decoded(charset: bytes, data: bytes) -> str:
    if not data:
        return ""
    if charset == b"$(D":  # the supplement of 1990, which Shift-JIS has no room for
        return _PAIR.sub(lambda pair: b"\x8f" + bytes(byte | 0x80 for byte in pair[0]), data).decode("euc_jp", "replace")
    if charset.startswith(b"$"):
        data = _PAIR.sub(_shifted, data)
    elif charset == b"(I":
        data = _KATAKANA.sub(lambda letter: bytes((letter[0][0] | 0x80,)), data)
    return data.decode("cp932", "replace")


def _shifted(pair: re.Match[bytes]) -> bytes:
    """Row and cell of JIS X 0208 in the two bytes of Shift-JIS."""
    row, cell = pair[0][0] - 0x21, pair[0][1] - 0x21
    lead = row // _ROWS_PER_LEAD
    lead += 0x81 if lead < _FIRST_UPPER_LEAD else 0xC1
    trail = cell + (0x9F if row % _ROWS_PER_LEAD else 0x40 + (cell >= 0x3F))  # noqa: PLR2004  # 0x7F is left out
    return bytes((lead, trail))
