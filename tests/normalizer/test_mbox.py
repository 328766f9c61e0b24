"""Archives as mail programs leave them."""

import mailbox
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from normalizer.mail import iter_mbox
from tests import mailcorpus

FROM = b"From anna@example.it Mon Jun  3 10:30:00 2024\n"
MAIL = b"From: anna@example.it\nSubject: x\n\nciao\n"


@pytest.mark.parametrize(
    ("archive", "expected"),
    [
        (b"", []),
        (b"\n\n", []),
        (FROM + MAIL, [MAIL]),
        (FROM + MAIL + b"\n" + FROM + MAIL, [MAIL, MAIL]),
        (FROM + MAIL + FROM + MAIL, [MAIL, MAIL]),  # no blank line between
        ((FROM + MAIL + b"\n" + FROM + MAIL).replace(b"\n", b"\r\n"), [MAIL.replace(b"\n", b"\r\n")] * 2),
        (FROM + MAIL[:-1], [MAIL[:-1]]),  # no newline at the end
        (FROM + FROM + MAIL, [b"", MAIL]),  # a mail of 0 bytes
        (MAIL, [MAIL]),  # a single mail that was saved as it is
        (FROM + MAIL + b"\n>From the shop\n>>From me\n", [MAIL + b"\nFrom the shop\n>From me\n"]),
        (FROM + MAIL + b"From the shop: nothing\n", [MAIL + b"From the shop: nothing\n"]),
        (FROM + MAIL + b"\nFrom the shop I got nothing\nSee you\n", [MAIL + b"\nFrom the shop I got nothing\nSee you\n"]),
        (FROM + MAIL + b"\nFrom the shop I got:\nNote: nothing\n", [MAIL + b"\nFrom the shop I got:\nNote: nothing\n"]),
        (b"From - Mon Jun 03 10:30:00 2024\n" + MAIL, [MAIL]),  # Thunderbird
        (b"From 179@xxx Mon Jun 03 10:30:00 +0000 2024\n" + MAIL, [MAIL]),  # Google Takeout
        (b"From ???@??? Mon Jun 03 10:30:00 2024\n" + MAIL, [MAIL]),  # Eudora
        (b"From anna@example.it\n" + MAIL + b"\nFrom anna@example.it\n" + MAIL, [MAIL, MAIL]),  # no date
        (FROM + b"From: a\n\n\0\0\xff\n", [b"From: a\n\n\0\0\xff\n"]),
        (FROM + b"From: a\n\n" + b"x" * 200_000 + b"From y\n", [b"From: a\n\n" + b"x" * 200_000 + b"From y\n"]),
    ],
)
def test_archives(tmp_path: Path, archive: bytes, expected: list[bytes]) -> None:
    path = tmp_path / "archive"
    path.write_bytes(archive)
    found = list(iter_mbox(path))
    assert [raw for _, raw in found] == expected
    for number, (offset, _) in enumerate(found):
        assert list(iter_mbox(path, offset)) == found[number:]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    samples = mailcorpus.build(120)
    mailcorpus.write_mbox(tmp_path / "archive", samples)
    found = [raw for _, raw in iter_mbox(tmp_path / "archive")]
    assert found == [sample.raw.replace(b"\r\n", b"\n") + b"\n" for sample in samples]


def test_the_standard_library_would_cut_a_mail_in_two(tmp_path: Path) -> None:
    """Why it is not used. A mail of ours with an unescaped line of that kind stays whole."""
    path = tmp_path / "archive"
    path.write_bytes(FROM + MAIL + b"From the shop: nothing\n")
    with closing(mailbox.mbox(path)) as archive:
        assert len(archive) == 2
    assert len(list(iter_mbox(path))) == 1


def test_memory_holds_one_mail_not_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    with path.open("wb") as file:
        for _ in range(40):
            file.write(FROM + MAIL + b"x" * 76 + b"\n" + (b"y" * 99 + b"\n") * 1_000 + b"\n")
    tracemalloc.start()
    count = sum(1 for _ in iter_mbox(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40
    assert peak < path.stat().st_size / 5


def test_a_mail_beyond_the_limit_is_cut_and_the_next_one_found(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    path.write_bytes(FROM + MAIL * 100 + b"\n" + FROM + MAIL)
    assert [len(raw) for _, raw in iter_mbox(path, limit=1000)] == [1000, len(MAIL)]
