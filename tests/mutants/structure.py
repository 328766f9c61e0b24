"""Parts that do not fit together, far too many of them, and texts made to be slow."""

import base64
from collections.abc import Mapping
from random import Random
from typing import Final

from tests.mutants.tools import Edit, replace_some, split

_LINE: Final = rb"(?m)^[A-Za-z0-9+/=]{40,}(?=\r?$)"
_HEADLINES: Final = (
    b"On Mon, Jun 3, 2024 at 10:30 AM Casalinghi <assistenza@casalinghi.example> wrote:\r\n",
    b"Il giorno lun 3 giu 2024 alle ore 10:30 Casalinghi ha scritto:\r\n",
    b"-----Original Message-----\r\nFrom: a@b.it\r\nSent: Monday\r\nTo: c@d.it\r\nSubject: x\r\n\r\n",
    b"---------- Forwarded message ---------\r\nFrom: a@b.it\r\n\r\n",
    b"> > > > ",
    b"-- \r\n",
    b"________________________________\r\n",
    b"Sent from my iPhone\r\n",
    b"\r\n",
    b"Am 3. Juni 2024 schrieb ",
)
_MARKUP: Final = (
    b"<div>",
    b"<blockquote type=cite>",
    b"<table><tr><td>",
    b"<ul><li>",
    b'<a href="https://a.example/',
    b"<!--",
    b"<style>",
    b"<script>",
    b"<![CDATA[",
    b"<img src=cid:x alt=y>",
    b"&#x110000;&#0;&#xD800;",
    b"<svg><math><mtext>",
    b'<div class="gmail_quote">',
    b"<b><i>",
    b"<font color=",
    b"<",
    b"</p>",
)


def boundary(chance: Random, raw: bytes) -> bytes:
    """Boundaries that change between their name and their use, that begin one another, or are empty."""

    def other(name: bytes) -> bytes:
        cut = chance.randrange(len(name) + 1)
        return chance.choice((name[:cut], name + b"--", name + b"x", b"", b" " + name, name * 4, name.swapcase(), b"b" * 300))

    if chance.random() < 0.5:
        return replace_some(chance, rb'(boundary="?)([^\s";]+)', raw, lambda found: found[1] + other(found[2]))
    return replace_some(chance, rb"(?m)^--([\x21-\x7e]{1,70})", raw, lambda found: b"--" + other(found[1]))


def base64_damage(chance: Random, raw: bytes) -> bytes:
    """Lines of base64 that lost a letter, ended in the middle, or hold what is no letter."""
    if chance.random() < 0.3:
        head, body = split(raw)
        code = base64.encodebytes(body)
        raw = b"Content-Transfer-Encoding: base64\r\n" + head + b"\r\n" + code

    def damaged(line: bytes) -> bytes:
        at = chance.randrange(len(line))
        kept = line[at + chance.choice((0, 1, 2)) :]
        return line[:at] + chance.choice((b"", b"=", b"====", b"!", b" ", b"\xff", b"\r\n\r\n", b"-_", b"\x00")) + kept

    return replace_some(chance, _LINE, raw, lambda found: damaged(found[0]))


def nested(chance: Random, raw: bytes) -> bytes:
    """The mail as the innermost of many multiparts or mails."""
    depth = chance.choice((5, 60, 400, 1_500))
    head, body = split(raw)
    if chance.random() < 0.4:
        return head + b"Content-Type: message/rfc822\r\n\r\n" * depth + raw
    same = chance.random() < 0.3
    levels = []
    for number in range(depth):
        name = b"same" if same else b"b%d" % number
        levels.append(b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n" % (name, name))
    return b"From: a@b.it\r\nSubject: x\r\n" + b"".join(levels) + head + body


def many_parts(chance: Random, raw: bytes) -> bytes:
    """Hundreds to tens of thousands of parts."""
    count = chance.choice((100, 600, 20_000))
    part = chance.choice(
        (
            b"\r\n",
            b"Content-Type: text/plain\r\n\r\nciao\r\n",
            b"Content-Type: text/html\r\n\r\n<p>ciao\r\n",
            b"Content-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n",
            b"Content-Type: message/rfc822\r\n\r\nFrom: a@b.it\r\n\r\nciao\r\n",
        )
    )
    kind = chance.choice((b"mixed", b"alternative", b"related", b"digest", b"report", b"signed"))
    head = b"From: a@b.it\r\nSubject: x\r\nContent-Type: multipart/%s; boundary=x\r\n\r\n--x\r\n" % kind
    return head + raw + (b"\r\n--x\r\n" + part) * count + b"\r\n--x--\r\n"


def quotes(chance: Random, raw: bytes) -> bytes:
    """Headlines, signatures and quoted lines without end."""
    head, body = split(raw)
    if chance.random() < 0.4:
        return head + body.replace(b"\n", b"\n" + b">" * chance.choice((1, 5, 300)))
    at = chance.randrange(len(body) + 1)
    return head + body[:at] + chance.choice(_HEADLINES) * chance.choice((3, 300, 8_000)) + body[at:]


def markup(chance: Random, raw: bytes) -> bytes:
    """HTML that opens and never closes, thousands deep."""
    head, body = split(raw)
    piece = chance.choice(_MARKUP) * chance.choice((10, 2_000, 40_000))
    if b"text/html" in raw:
        at = chance.randrange(len(body) + 1)
        return head + body[:at] + piece + body[at:]
    return b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n" + head + b"\r\n" + piece + body


def large(chance: Random, raw: bytes) -> bytes:
    """The whole once more and again, as somebody's script would send it."""
    head, body = split(raw)
    times = max(1, chance.choice((100_000, 1_000_000)) // max(len(body), 1))
    return head + body * times


STRUCTURE: Final[Mapping[str, Edit]] = {
    "boundary": boundary,
    "base64": base64_damage,
    "nested": nested,
    "many-parts": many_parts,
    "quotes": quotes,
    "markup": markup,
    "large": large,
}
