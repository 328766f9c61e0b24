"""Headers that are wrong, endless, or say something else than what follows."""

import base64
from collections.abc import Mapping
from random import Random
from typing import Final

from tests.mutants.tools import Edit, a_header, replace_some, set_header

_CHARSETS: Final = tuple(
    b"""
    utf-8 utf-7 utf-16 utf-16le utf-32 us-ascii iso-8859-1 iso-8859-8-i windows-1251 koi8-r cp932 shift_jis iso-2022-jp
    iso-2022-kr iso-2022-cn hz gb2312 gb18030 big5 euc-kr x-mac-roman unicode-1-1-utf-7 x-user-defined idna punycode rot13
    zlib base64 hex unicode_escape raw_unicode_escape undefined mbcs string-escape cp65001 null default _charset_ 8bit
    """.split()
)
_ENCODINGS: Final = (
    *(b"base64", b"quoted-printable", b"7bit", b"8bit", b"binary"),
    *(b"x-uuencode", b"uuencode", b"BASE64 x", b"gzip", b""),
)
_TYPES: Final = (
    b"text/plain",
    b"text/html",
    b"text/",
    b"/",
    b"text",
    b"multipart/mixed",
    b'multipart/mixed; boundary=""',
    b"multipart/alternative; boundary=a",
    b"multipart/report; report-type=delivery-status; boundary=a",
    b"message/rfc822",
    b"message/partial; number=1; total=9",
    b"message/delivery-status",
    b"text/calendar; method=REQUEST",
    b"text/rfc822-headers",
    b"application/ms-tnef; name=winmail.dat",
    b"application/pkcs7-mime; smime-type=enveloped-data",
    b"multipart/encrypted; protocol=application/pgp-encrypted; boundary=a",
    b"application/octet-stream; name*0*=utf-8''%ff; name*1=x; name*999999999=y",
    b"text/plain; format=flowed; delsp=yes",
    b"text/html; charset*=''%; charset*0=x",
    b"image/png; name==?utf-8?q?=00?=",
)
_ADDRESSES: Final = (
    b"(" * 2_000,
    b"a@b.it (" + b"((c)" * 1_000,
    b'"' + b"\\" * 3_001,
    b"<" * 2_000 + b"a@b.it" + b">" * 2_000,
    b"a@" * 2_000 + b"b.it",
    b"undisclosed: " * 500 + b";",
    b"A: b@c.it, d@e.it;, f@g.it; ;;; ,,,",
    b", ".join(b"n%d@m%d.it" % (number, number) for number in range(400)),
    b"anna@example.it, bob@example.it",
    b"=?utf-8?q?a=40b=2Eit?= <=?utf-8?q?x?=@y.it>",
    b"a@b.it\x00c@d.it",
    b"a@[127.0.0.1], b@[IPv6:::1]",
    "Jürgen <jürgen@bücher.example>".encode(),
    "Jürgen <jürgen@bücher.example>".encode("latin-1"),
    b"@a,@b:c@d.it",
    b"\xff\xfe<a@b.it>",
    b"a.@b..it",
    b"",
)
_FIELDS: Final = (b"From", b"Subject", b"To", b"Reply-To", b"Cc", b"Date", b"Message-ID", b"References", b"In-Reply-To")
_DATES: Final = (
    b"Mon, 99 Foo 2024 99:99:99 +9999",
    b"Mon, 3 Jun 99999999999999999999 10:30:00 -0000",
    b"1 Jan 1 00:00:00 +2359",
    b"31 Dec 9999 23:59:59 -2359",
    b"Mon, 3 Jun 2024 10:30:00 +" + b"9" * 500,
    b"(" * 900 + b"Mon, 3 Jun 2024",
    b"Mon, 3 Jun -2024 10:30",
    b"0",
)


def repeat(chance: Random, raw: bytes) -> bytes:
    """A header field a thousand times."""
    found = a_header(chance, raw)
    return raw if found is None else raw[: found.start()] + found[0] * 1_000 + raw[found.end() :]


def stretch(chance: Random, raw: bytes) -> bytes:
    """A header field whose value goes on for ever, in one line or in many."""
    found = a_header(chance, raw)
    if found is None:
        return raw
    piece = chance.choice((b"x", b" ", b"\r\n x", b"\r\n\t", b"=?utf-8?b?YQ==?= ", b"; a*0=b", b"<a@b.it> ", b'"', b"\\", b"("))
    return raw[: found.end()].rstrip(b"\r\n") + piece * chance.choice((50, 5_000, 60_000)) + b"\r\n" + raw[found.end() :]


def charset(chance: Random, raw: bytes) -> bytes:
    """Labels of other character sets, of encodings that are none, or of nothing at all; also in encoded words."""
    raw = replace_some(chance, rb'charset="?[^\s";]*"?', raw, lambda _: b"charset=" + chance.choice(_CHARSETS))
    return replace_some(chance, rb"=\?[\w-]+(?=\?[bq]\?)", raw, lambda _: b"=?" + chance.choice(_CHARSETS))


def transfer_encoding(chance: Random, raw: bytes) -> bytes:
    pattern = rb"content-transfer-encoding:[ \t]*[\w-]*"
    changed = replace_some(chance, pattern, raw, lambda _: b"Content-Transfer-Encoding: " + chance.choice(_ENCODINGS))
    return set_header(raw, b"Content-Transfer-Encoding", chance.choice(_ENCODINGS)) if changed == raw else changed


def media_type(chance: Random, raw: bytes) -> bytes:
    """Parts that say they are something else."""
    changed = replace_some(chance, rb"content-type:[ \t]*[\w./+-]*", raw, lambda _: b"Content-Type: " + chance.choice(_TYPES))
    return set_header(raw, b"Content-Type", chance.choice(_TYPES)) if changed == raw else changed


def encoded_words(chance: Random, raw: bytes) -> bytes:
    """Encoded words in encoded words, cut ones, endless ones, in any field."""
    word = b"caff\xc3\xa8 =?utf-8?q?=C3?= "
    for _ in range(chance.choice((1, 3, 12))):
        label = chance.choice((b"utf-8", b"utf-8", b"utf-8*it", *_CHARSETS))
        word = b"=?" + label + (b"?b?" + base64.b64encode(word) if chance.random() < 0.7 else b"?q?" + word.replace(b" ", b"_"))
        word += chance.choice((b"?=", b"?=", b"?", b"", b"?= =?"))
        word *= chance.choice((1, 1, 2, 40)) if len(word) < 5_000 else 1
    return set_header(raw, chance.choice(_FIELDS), word)


def addresses(chance: Random, raw: bytes) -> bytes:
    name = chance.choice((b"From", b"From", b"To", b"Reply-To", b"Cc", b"Sender", b"Delivered-To"))
    return set_header(raw, name, chance.choice(_ADDRESSES))


def numbers(chance: Random, raw: bytes) -> bytes:
    """Dates, ids and references that are none, or too many."""
    if chance.random() < 0.4:
        return set_header(raw, b"Date", chance.choice(_DATES))
    value = chance.choice(
        (b"<>", b"<a b@c>", b"<" + b"x" * 5_000 + b"@y>", b"<a@b>" * 3_000, b"\x00", b"a@b c@d", b"<a\r\n @b>", b"<\xe9@b.it>")
    )
    return set_header(raw, chance.choice((b"Message-ID", b"References", b"In-Reply-To")), value)


def results(chance: Random, raw: bytes) -> bytes:
    """What claims to be a server's word on who wrote it."""
    value = chance.choice(
        (
            b"mx.regia.example; dmarc=pass header.from=example.it",
            b"mx.regia.example 9; dmarc=pass (p=none) header.from=" + b"a." * 900 + b"it; spf",
            b"mx.regia.example; " + b"dkim=pass (" * 700,
            b'"mx.regia.example"; dmarc = pass',
            b";" * 2_000,
        )
    )
    return b"Authentication-Results: " + value + b"\r\n" + raw


LABELS: Final[Mapping[str, Edit]] = {
    "header-x1000": repeat,
    "header-endless": stretch,
    "charset": charset,
    "transfer-encoding": transfer_encoding,
    "media-type": media_type,
    "encoded-words": encoded_words,
    "addresses": addresses,
    "numbers": numbers,
    "results": results,
}
