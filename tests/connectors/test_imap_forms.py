"""IMAP's forms and the cursor: what servers answer is read as it is meant, however they write it."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.email import imap_answers as answers
from connectors.email.imap_cursor import Place, Start
from connectors.email.settings import ImapSettings, OAuthSettings, SmtpSettings
from connectors.errors import SourceFailed
from tests.servers.maildir import mailbox_name

FETCHED: list[tuple[str, list[bytes | bytearray], dict[int, dict[str, Any]]]] = [
    (
        "a mail as Dovecot sends it",
        [b'3 FETCH (UID 5 INTERNALDATE "17-Jul-1996 02:44:25 -0700" BODY[] {4}', bytearray(b"A: b"), b")", b"Fetch completed."],
        {5: {"UID": b"5", "INTERNALDATE": b"17-Jul-1996 02:44:25 -0700", "BODY[]": b"A: b"}},
    ),
    (
        "the UID behind the mail",
        [b"3 FETCH (BODY[] {2}", bytearray(b"\r\n"), b" UID 5)"],
        {5: {"BODY[]": b"\r\n", "UID": b"5"}},
    ),
    (
        "a mail whose bytes look like an answer",
        [b"1 FETCH (UID 2 BODY[] {22}", bytearray(b") * 1 FETCH (UID 9 {3}"), b")"],
        {2: {"UID": b"2", "BODY[]": b") * 1 FETCH (UID 9 {3}"}},
    ),
    (
        "two parts of one mail, from their beginning",
        [b"1 FETCH (UID 2 BODY[HEADER]<0> {2}", bytearray(b"A:"), b" BODY[TEXT]<0> {1}", bytearray(b"x"), b")"],
        {2: {"UID": b"2", "BODY[HEADER]": b"A:", "BODY[TEXT]": b"x"}},
    ),
    (
        "flags that somebody else changed, before and between",
        [
            b"9 FETCH (FLAGS (\\Seen))",
            b"1 FETCH (UID 2 RFC822.SIZE 10)",
            b"4 EXPUNGE",
            b"1 FETCH (UID 2 FLAGS (\\Seen $Label (nested)))",
            b"2 FETCH (UID 3 RFC822.SIZE 11)",
        ],
        {
            2: {"UID": b"2", "RFC822.SIZE": b"10", "FLAGS": [b"\\Seen", b"$Label", [b"nested"]]},
            3: {"UID": b"3", "RFC822.SIZE": b"11"},
        },
    ),
    ("a short mail as a string", [b'1 FETCH (UID 2 BODY[] "a\\"b\\\\")'], {2: {"UID": b"2", "BODY[]": b'a"b\\'}}),
    ("an empty mail", [b"1 FETCH (UID 2 BODY[] {0}", bytearray(), b")"], {2: {"UID": b"2", "BODY[]": b""}}),
    ("a mail that cannot be had", [b"1 FETCH (UID 2 BODY[] NIL)"], {2: {"UID": b"2", "BODY[]": None}}),
    ("names in small letters", [b"1 fetch (uid 2 rfc822.size 7)"], {2: {"UID": b"2", "RFC822.SIZE": b"7"}}),
    ("a list that never ends", [b"1 FETCH (UID 2 FLAGS (\\Seen"], {2: {"UID": b"2", "FLAGS": [b"\\Seen"]}}),
    ("a name without a value", [b"1 FETCH (UID 2 FLAGS)"], {2: {"UID": b"2", "FLAGS": None}}),
    ("no UID", [b"1 FETCH (FLAGS ())", b"2 FETCH (UID)", b"3 FETCH (UID x)", b"4 FETCH ()"], {}),
    ("nothing", [b"Fetch completed."], {}),
    ("a literal out of nowhere", [bytearray(b"x"), b"1 FETCH (UID 2)", b"Fetch completed."], {}),
]


@pytest.mark.parametrize(("lines", "mails"), [case[1:] for case in FETCHED], ids=[case[0] for case in FETCHED])
def test_answers_about_mails(lines: list[bytes | bytearray], mails: dict[int, dict[str, Any]]) -> None:
    assert answers.fetched(lines) == mails


def test_lists_in_lists_without_end() -> None:
    deep = b"1 FETCH (UID 2 FLAGS " + b"(" * 100_000
    assert answers.number(answers.fetched([deep])[2], "UID") == 2


@pytest.mark.parametrize(
    ("lines", "uids"),
    [
        ([b"5 6 7"], [5, 6, 7]),
        ([b"7 5", b"6 7"], [5, 6, 7]),
        ([b""], []),
        ([], []),
        ([b"5 (MODSEQ 917)", b"not a number", b"99999999999"], []),
    ],
)
def test_answers_of_a_search(lines: list[bytes], uids: list[int]) -> None:
    assert answers.found(lines) == uids


@pytest.mark.parametrize(
    ("said", "instant"),
    [
        (b"17-Jul-1996 02:44:25 -0700", datetime(1996, 7, 17, 2, 44, 25, tzinfo=timezone(-timedelta(hours=7)))),
        (b" 1-jan-2024 00:00:00 +0530", datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=30)))),
        (b"1-Jan-2024 00:00:00 +0000", datetime(2024, 1, 1, tzinfo=UTC)),
        (b"31-Feb-2024 00:00:00 +0000", None),
        (b"01-Foo-2024 00:00:00 +0000", None),
        (b"01-Jan-2024 00:00:00 +9999", None),
        (b"yesterday", None),
        (None, None),
    ],
)
def test_when_a_mail_arrived(said: bytes | None, instant: datetime | None) -> None:
    assert answers.arrived({"INTERNALDATE": said}) == instant


@pytest.mark.parametrize(
    ("folder", "argument"),
    [
        ("INBOX", '"INBOX"'),
        ("Gelöscht", '"Gel&APY-scht"'),
        ("Q&A", '"Q&-A"'),
        ("台北/日本語", '"&U,BTFw-/&ZeVnLIqe-"'),
        ('a "b" \\c', '"a \\"b\\" \\\\c"'),
        ("😀", '"&2D3eAA-"'),
    ],
)
def test_names_of_folders(folder: str, argument: str) -> None:
    """The Chinese and Japanese names are the sample of RFC 3501, 5.1.3."""
    assert answers.mailbox(folder) == argument
    assert argument == answers.quoted(mailbox_name(folder))


def test_small_forms() -> None:
    assert answers.uid_set([9, 1, 2, 3, 7, 8]) == "1:3,7:9"
    assert answers.uid_set([4]) == "4"
    assert answers.day(date(2024, 6, 3)) == "3-Jun-2024"
    assert answers.code(b"[UNAVAILABLE] later") == "UNAVAILABLE"
    assert answers.code(b"[badcharset (utf-8)] no") == "BADCHARSET"
    assert answers.code(b"no [x] here") == ""
    assert answers.announced([bytearray(b"[UIDNEXT 1]"), b"OK [uidnext 42] next"], "UIDNEXT") == 42
    assert answers.announced([b"OK [UIDNEXT 42x]"], "UIDNEXT") is None
    assert answers.number({"RFC822.SIZE": b"9" * 30}, "RFC822.SIZE") is None


NOW = datetime(2024, 6, 3, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "last", "first", "again"),
    [
        ("new", 40, "", "SINCE 2-Jun-2024"),
        ("unseen", 0, "UNSEEN", "OR UNSEEN SINCE 2-Jun-2024"),
        ("all", 0, "", ""),
    ],
)
def test_where_a_folder_begins(start: Start, last: int, first: str, again: str) -> None:
    place = Place.first(start, 17, 40, NOW)
    assert (place.last, place.criteria) == (last, first)
    assert place.at(40).criteria == place.at(90).criteria == ""
    assert Place.read(place.text) == place
    renumbered = place.at(90).renumbered(start, 18, 55)
    assert (renumbered.uidvalidity, renumbered.last, renumbered.until) == (18, 0, 55)
    assert renumbered.criteria == again
    assert renumbered.at(55).criteria == ""
    assert renumbered.renumbered(start, 19, 60).criteria == again


@pytest.mark.parametrize("text", ["", "17:4", "{}", '{"uidvalidity":1,"last":1,"until":1,"wanted":"x","since":"2024-01-01"}'])
def test_a_place_that_is_none(text: str) -> None:
    with pytest.raises(SourceFailed) as failed:
        Place.read(text)
    assert failed.value.reason == "defect"


@pytest.mark.parametrize(
    ("host", "accepted"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("10.0.0.1", False),
        ("mail.example", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
    ],
)
def test_nothing_is_sent_in_clear_over_a_network(host: str, accepted: bool) -> None:
    for model, more in ((ImapSettings, {"user": "u", "password": "p"}), (SmtpSettings, {})):
        model.model_validate({"host": host, "tls": "starttls", **more})
        if accepted:
            model.model_validate({"host": host, "tls": "none", **more})
            continue
        with pytest.raises(ValidationError, match="only for a server on the same machine"):
            model.model_validate({"host": host, "tls": "none", **more})


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"provider": "other", "refresh_token": "r"}, "needs token_url"),
        ({"provider": "google", "client_secret": "s"}, "google needs refresh_token"),
        ({"provider": "microsoft", "tenant": "shop.example"}, "give refresh_token, or client_secret"),
        ({"provider": "microsoft", "client_secret": "s"}, "needs tenant"),
    ],
)
def test_grants_that_cannot_work(settings: dict[str, str], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        OAuthSettings.model_validate({"client_id": "id", **settings})
