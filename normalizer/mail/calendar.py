"""The three lines of a calendar part (RFC 5545) that say what is wanted: method, summary and start of its first event.

A library would read recurrences, alarms and zones too, which nobody asks for here; the file itself stays an attachment.
"""

import re
from datetime import datetime
from typing import Final

from normalizer.mail.content import text
from normalizer.mail.headers import one_line
from normalizer.mail.model import Calendar
from normalizer.mail.source import Part

TYPES: Final = frozenset(("text/calendar", "application/ics"))

_MAX_TEXT: Final = 1 << 16
_MAX_SUMMARY: Final = 300
_FOLD: Final = re.compile(r"\r?\n[ \t]|\r(?!\n)[ \t]")
_LINE: Final = re.compile(r"""([A-Za-z-]{1,40})((?:;[A-Za-z-]{1,40}=(?:"[^"]{0,300}"|[^";:]{0,300})){0,20}):(.*)""")
_ZONE: Final = re.compile(r""";TZID=(?:"([^"]{1,100})"|([^";:]{1,100}))""", re.IGNORECASE)
_START: Final = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
_ESCAPED: Final = re.compile(r"\\([\\;,nN])")
_METHOD: Final = re.compile(r"[a-z-]{1,30}")


def calendar(root: Part) -> Calendar | None:
    """The first calendar part of a mail that names a method or holds an event."""
    for part in root.walk():
        if isinstance(part, Part) and part.media_type in TYPES and (found := _read(part)):
            return found
    return None


def _read(part: Part) -> Calendar | None:
    lines = _FOLD.sub("", text(part)[:_MAX_TEXT]).splitlines()
    own, event = _properties(lines)
    method = (part.parameter("method") or own.get("METHOD", ("", ""))[1]).strip().lower()
    start, zone = _start(*event.get("DTSTART", ("", "")))
    found = Calendar(
        method=method if _METHOD.fullmatch(method) else None,
        summary=_summary(event.get("SUMMARY", ("", ""))[1]),
        start=start,
        zone=zone,
    )
    return found if found.method or event else None


def _properties(lines: list[str]) -> tuple[dict[str, tuple[str, str]], dict[str, tuple[str, str]]]:
    """Of the calendar and of its first event: name to parameters and value. Zones and alarms have starts of their own."""
    found: dict[str, dict[str, tuple[str, str]]] = {"VCALENDAR": {}, "VEVENT": {}}
    within: list[str] = []
    for line in lines:
        if (match := _LINE.fullmatch(line)) is None:
            continue
        name, parameters, value = match[1].upper(), match[2], match[3]
        if name == "BEGIN":
            within.append(value.strip().upper())
        elif name == "END":
            if within and within.pop() == "VEVENT":
                break
        elif within and within[-1] in found:
            found[within[-1]].setdefault(name, (parameters, value))
    return found["VCALENDAR"], found["VEVENT"]


def _summary(value: str) -> str | None:
    readable = _ESCAPED.sub(lambda match: " " if match[1] in "nN" else match[1], value[: 4 * _MAX_SUMMARY])
    return (one_line(readable) or "")[:_MAX_SUMMARY].rstrip() or None


def _start(parameters: str, value: str) -> tuple[str | None, str | None]:
    """The moment as written, for the rules of a zone may be in the file, on this machine, or nowhere; and the zone's name."""
    match = _START.fullmatch(value.strip())
    if match is None:
        return None, None
    try:
        moment = datetime.strptime(match[1] + (match[2] or "000000"), "%Y%m%d%H%M%S")  # noqa: DTZ007  # see above
    except ValueError:
        return None, None
    if match[2] is None:
        return moment.date().isoformat(), None
    zone = _ZONE.search(parameters)
    name = one_line(zone[1] or zone[2]) if zone and not match[3] else None
    return moment.isoformat() + match[3], name
