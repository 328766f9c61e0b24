"""A notice as people read it, with a table where the channel shows one, and as a web address gets it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from desk.notices.lines import Line, Told
from desk.notices.words import Words, words_of
from normalizer.envelope_data import from_ms
from storage.notices import FLOOD, SINGLE

_GAPS: Final = re.compile("\n{3,}")
TYPE: Final = "regia.notice.v1"
"""What a web address is told under."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody reads. `html` is the same with a table."""

    subject: str
    text: str
    html: str


def letter(told: Told, kind: str, language: str, zone: ZoneInfo) -> Letter:
    """A notice in a language, with times by the clocks of a zone."""
    words = words_of(language)
    subject = " ".join(_subject(told, kind, words).split())
    rows = [_cells(line, words, zone) for line in told.lines]
    counts = ", ".join(f"{label} {count}" for label, count in told.counts)
    rest = told.total - len(told.lines)
    more = words.more.format(count=rest) if rest else ""
    heads = _heads(told, words)
    text = [subject, *([counts] if kind != SINGLE else []), "", *_text(told.lines, rows, heads), more, "", words.why]
    return Letter(subject, _GAPS.sub("\n\n", "\n".join(text)), _html(told, rows, heads, (subject, counts, more, words.why)))


def _subject(told: Told, kind: str, words: Words) -> str:
    first = told.lines[0]
    if kind == SINGLE:
        pattern = {"contact": words.single, "warning": words.warning, "breach": words.breach}[first.what]
        return pattern.format(category=first.label, channel=first.channel, reference=first.reference)
    if all(line.what != "contact" for line in told.lines):
        return words.promises.format(count=told.total)
    return (words.flood if kind == FLOOD else words.digest).format(count=told.total)


def _heads(told: Told, words: Words) -> Sequence[str]:
    return [*words.heads, *(words.promise_heads if any(line.due_ms is not None for line in told.lines) else ())]


def _cells(line: Line, words: Words, zone: ZoneInfo) -> list[str]:
    since = words.answered if line.since_ms is None else _at(line.since_ms, zone)
    where = line.link or ("" if line.ticket is None else words.ticket.format(ticket=line.ticket))
    cells = [_at(line.received_ms, zone), line.channel, line.label, str(line.priority), line.reference, since, where]
    return cells if line.due_ms is None else [*cells, _at(line.due_ms, zone)]


def _at(at_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _text(lines: Sequence[Line], rows: Sequence[list[str]], heads: Sequence[str]) -> list[str]:
    written: list[str] = []
    for line, row in zip(lines, rows, strict=True):
        written += [f"{head}: {cell}" for head, cell in zip(heads, row, strict=False) if cell]
        written += [f"«{line.snippet}»"] if line.snippet else []
        written.append("")
    return written


def _html(told: Told, rows: Sequence[list[str]], heads: Sequence[str], words: tuple[str, str, str, str]) -> str:
    subject, counts, more, why = map(escape, words)
    head = "".join(f"<th align='left'>{escape(one)}</th>" for one in heads)
    body = "".join(_row(line, row, len(heads)) for line, row in zip(told.lines, rows, strict=True))
    return (
        f"<p><b>{subject}</b><br>{counts}</p><table border='1' cellpadding='4' cellspacing='0'>"
        f"<tr>{head}</tr>{body}</table><p>{more}</p><p><small>{why}</small></p>"
    )


def _row(line: Line, row: Sequence[str], width: int) -> str:
    cells = [escape(one) for one in row]
    if line.link is not None:
        address = escape(line.link)
        cells[row.index(line.link)] = f"<a href='{address}'>{escape(line.ticket or line.reference)}</a>"
    written = "".join(f"<td>{cell}</td>" for cell in (*cells, *[""] * (width - len(cells))))
    said = f"<tr><td colspan='{width}'>{escape(line.snippet)}</td></tr>" if line.snippet else ""
    return f"<tr>{written}</tr>{said}"


def body(told: Told, name: str, kind: str, at_ms: int) -> bytes:
    """What a web address gets: `type`, `timestamp` and `data`, as Standard Webhooks recommends."""
    data = {
        "list": name,
        "kind": kind,
        "total": told.total,
        "counts": [{"category": label, "count": count} for label, count in told.counts],
        "contacts": [_data(line) for line in told.lines],
    }
    return orjson.dumps({"type": TYPE, "timestamp": from_ms(at_ms), "data": data})


def _data(line: Line) -> dict[str, Any]:
    own = (
        "what",
        "message",
        "conversation",
        "brand",
        "channel",
        "category",
        "label",
        "priority",
        "reference",
        "ticket",
        "link",
    )
    times = {"received_at": line.received_ms, "waiting_since": line.since_ms}
    more: dict[str, Any] = {} if line.snippet is None else {"snippet": line.snippet}
    if line.what != "contact":
        more |= {"promise": line.promise, "due": None if line.due_ms is None else from_ms(line.due_ms)}
    shown = {name: None if at_ms is None else from_ms(at_ms) for name, at_ms in times.items()}
    return {name: getattr(line, name) for name in own} | shown | more
