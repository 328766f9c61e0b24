"""Calendar parts: what is wanted, what it is about and when it begins; the file stays."""

import pytest

from normalizer import mail

EVENT = (
    "BEGIN:VCALENDAR\r\nPRODID:-//Shop//EN\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Rome\r\n"
    "BEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    "BEGIN:VEVENT\r\nUID:1@shop\r\nBEGIN:VALARM\r\nTRIGGER:-PT15M\r\nSUMMARY:alarm\r\nEND:VALARM\r\n"
    "{lines}\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:second\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def read(content: str, header: str = 'text/calendar; charset="utf-8"; method=REQUEST', name: str = "") -> mail.Mail:
    raw = (
        "From: tecnico@posta.example\r\nSubject: Appuntamento\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nCi vediamo.\r\n'
        f"--b\r\nContent-Type: {header}{name}\r\n\r\n{content}\r\n--b--\r\n"
    )
    found = mail.read(raw.encode())
    assert isinstance(found, mail.Mail)
    return found


@pytest.mark.parametrize(
    ("lines", "summary", "start", "zone"),
    [
        ("SUMMARY:Ritiro\r\nDTSTART:20240603T083000Z", "Ritiro", "2024-06-03T08:30:00Z", None),
        ("SUMMARY:Ritiro\r\nDTSTART;TZID=Europe/Rome:20240603T103000", "Ritiro", "2024-06-03T10:30:00", "Europe/Rome"),
        ('DTSTART;TZID="W. Europe Standard Time":20240603T103000', None, "2024-06-03T10:30:00", "W. Europe Standard Time"),
        ("SUMMARY:Ritiro\r\nDTSTART;VALUE=DATE:20240603", "Ritiro", "2024-06-03", None),
        ("SUMMARY;LANGUAGE=it:Ritiro\\, padella\\; 2 pezzi\\nqui \\\\ là", "Ritiro, padella; 2 pezzi qui \\ là", None, None),
        ("SUMMARY:Una riga mol\r\n to lunga\r\n\t e piegata", "Una riga molto lunga e piegata", None, None),
        ("summary:Ritiro\r\ndtstart:20240603T083000Z", "Ritiro", "2024-06-03T08:30:00Z", None),
        ("SUMMARY:" + "x" * 5000 + "\r\nDTSTART:20241399T990000Z", "x" * 300, None, None),
        ("SUMMARY:\x07\r\nDTSTART:tomorrow", None, None, None),
    ],
)
def test_events(lines: str, summary: str | None, start: str | None, zone: str | None) -> None:
    found = read(EVENT.format(lines=lines))
    assert found.calendar == mail.Calendar(method="request", summary=summary, start=start, zone=zone)
    assert [(part.filename, part.content_type) for part in found.attachments] == [("invite.ics", "text/calendar")]
    assert found.text == "Ci vediamo."


@pytest.mark.parametrize(
    ("header", "method", "automated"),
    [
        ("text/calendar; method=CANCEL", "cancel", None),
        ("text/calendar", "request", None),
        ("text/calendar; method=REPLY", "reply", "calendar_reply"),
        ('application/ics; name="invito.ics"', "request", None),
    ],
)
def test_methods(header: str, method: str, automated: str | None) -> None:
    found = read(EVENT.format(lines="SUMMARY:Ritiro"), header)
    assert found.calendar is not None
    assert (found.calendar.method, found.automated) == (method, automated)


@pytest.mark.parametrize("content", ["", "junk", "BEGIN:VCALENDAR\r\nEND:VCALENDAR", "BEGIN:" * 20_000, "X;A=" * 20_000 + ":1"])
def test_what_is_no_calendar(content: str) -> None:
    found = read(content, "text/calendar")
    assert found.calendar is None
    assert len(found.attachments) == 1


def test_a_name_of_its_own_stays() -> None:
    assert [part.filename for part in read(EVENT, name='; name="ritiro.ics"').attachments] == ["ritiro.ics"]
