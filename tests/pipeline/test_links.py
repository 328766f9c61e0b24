"""Signed links: good until they expire, for one attachment only, and never an error."""

import pytest
import time_machine

from regia.links import LIFETIME, Links

LINKS = Links("https://regia.example/gw/", b"key")
NOW = 1_763_000_000


def parts(url: str) -> tuple[str, str, str]:
    path, _, query = url.partition("?")
    expires, signature = query.removeprefix("expires=").split("&signature=")
    return path.rpartition("/")[2], expires, signature


def test_a_link_opens_its_attachment_until_it_expires() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        url = LINKS.attachment("att_1")
        assert url.startswith("https://regia.example/gw/attachments/att_1?expires=")
        assert LINKS.valid(*parts(url))
        clock.shift(LIFETIME)
        assert LINKS.valid(*parts(url))
        clock.shift(1)
        assert not LINKS.valid(*parts(url))


def test_the_same_moment_gives_the_same_link() -> None:
    assert LINKS.attachment("att_1", now=NOW) == LINKS.attachment("att_1", now=NOW)


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(
    ("attachment", "expires", "signature"),
    [
        ("att_2", None, None),
        (None, str(NOW + 2 * LIFETIME), None),
        (None, None, "0" * 64),
        (None, None, ""),
        (None, None, "\ud83d"),
        (None, None, "ü" * 64),
        (None, "", None),
        (None, "-1", None),
        (None, "1e12", None),
        (None, "٣" * 10, None),
        (None, "²", None),
        (None, "9" * 5_000, None),
        (None, f" {NOW + LIFETIME}", None),
        (None, f"0{NOW + LIFETIME}", "0" * 64),
    ],
)
def test_anything_else_is_refused(attachment: str | None, expires: str | None, signature: str | None) -> None:
    good = parts(LINKS.attachment("att_1"))
    given = (attachment, expires, signature)
    assert not LINKS.valid(*(right if other is None else other for right, other in zip(good, given, strict=True)))


def test_another_key_signs_otherwise() -> None:
    assert not Links("https://regia.example", b"other").valid(*parts(LINKS.attachment("att_1")))
