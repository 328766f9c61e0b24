"""The figures as tables in Markdown, which read as well on a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.machine import ROOT
from bench.mails import Size
from bench.meter import Part
from bench.scenarios import BARE, BRIDGE, CONNECTIONS, Line
from scripts.check_figures import block, replaced

PAGE: Final = ROOT / "docs" / "performance.md"
NAME: Final = "performance"

_WHOLE: Final = 100
"""Rates from here on are shown without a fraction."""


def report(
    lines: Sequence[Line], parts: Sequence[Part], sizes: Sequence[Size], facts: Mapping[str, str], *, sync: float
) -> str:
    """Everything that was measured, with where and when. `sync`: seconds of one fdatasync."""
    head = (
        f"Measured on {facts['date']} at commit {facts['commit']}: {facts['cores']} cores, Python {facts['python']}, "
        f"one fdatasync {sync * 1e6:.0f} µs. Load, gateway, broker and databases share the machine."
    )
    tables = [_rates(lines)] if lines else []
    tables += [_parts(parts)] if parts else []
    tables += [_mails(sizes)] if sizes else []
    return "\n\n".join([head, *tables]) + "\n"


def write(text: str, facts: Mapping[str, str], page: Path = PAGE, *, name: str = NAME) -> None:
    """Put the figures into the page, in place of those of the last time under that name."""
    page.write_text(replaced(page.read_text("utf-8"), name, block(name, text, dict(facts))), "utf-8")


def measured(facts: Mapping[str, str], command: str) -> str:
    """When, where and how, as one sentence to stand above figures: what `scripts.check_figures` looks for in the text."""
    machine = f"{facts['cores']} cores, Python {facts['python']}"
    return f"Measured on {facts['date']} at commit {facts['commit']}: {machine}, by `{command}`."


def words(*arguments: str) -> str:
    """The command that gives these figures again."""
    return f'make bench ARGS="{" ".join(one for one in arguments if one != "--write")}"'


def _rates(lines: Sequence[Line]) -> str:
    """One line a scenario; the ratios are to the bare parts of the same run."""
    rates = {line.scenario.name: line.middle.rate for line in lines if line.senders == "distinct"}
    head = ("what", "senders", "messages/s", "rounds", "of handler", "of bridge", "CPU µs each", "broker", "database")
    more = ("gateway's core", "load's core", "answer p50 ms", "p99 ms")
    rows = []
    for line in lines:
        run = line.middle
        low, high = (pick(one.rate for one in line.runs) for pick in (min, max))
        rows.append(
            (
                line.scenario.what,
                line.senders,
                f"{run.rate:,.0f}",
                f"{low:,.0f} to {high:,.0f}" if len(line.runs) > 1 else "1",
                _ratio(run.rate, rates.get(BARE)),
                _ratio(run.rate, rates.get(BRIDGE)),
                *(f"{run.each(share):.0f}" for share in (run.server_cpu, run.broker_cpu, run.database_cpu)),
                *(f"{share:.0%}" for share in (run.server_cpu, run.load_cpu)),
                *(f"{seconds * 1e3:.1f}" for seconds in (run.median, run.worst)),
            )
        )
    title = f"{CONNECTIONS} connections, signed WhatsApp posts of about 1 KB:"
    return f"{title}\n\n{table((*head, *more), rows)}"


def _parts(parts: Sequence[Part]) -> str:
    rows = [(part.what, f"{part.wall:.1f}", f"{part.cpu:.1f}", f"{1e6 / part.wall:,.0f}") for part in parts]
    return "Each part alone, microseconds a message:\n\n" + table(("part", "by the clock", "CPU", "a second"), rows)


def _mails(sizes: Sequence[Size]) -> str:
    """One line a size; the ratios are to the standard library in the same run."""
    head = ("mail", "KB", "standard library", "the gateway's reading", "of it", "in a reading process", "of it")
    rows = [
        (
            size.what,
            f"{size.bytes / 1e3:,.1f}",
            _speed(size.bare),
            _speed(size.here),
            _ratio(size.here, size.bare),
            _speed(size.apart),
            _ratio(size.apart, size.bare),
        )
        for size in sizes
    ]
    return f"Reading mails on one core, mails a second:\n\n{table(head, rows)}"


def _speed(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= _WHOLE else f"{rate:.1f}"


def _ratio(rate: float, base: float | None) -> str:
    return "" if base is None else f"{rate / base:.2f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns padded to one width; everything that begins with a digit to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    texts = [not any(row[column][:1].isdigit() for row in rows) for column in range(len(head))]
    rule = ["-" * width if text else "-" * (width - 1) + ":" for width, text in zip(widths, texts, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if text else cell.rjust(width) for cell, width, text in zip(cells, widths, texts, strict=True)
        ]
        return "| " + " | ".join(padded) + " |"

    return "\n".join([line(head), line(rule), *(line(row) for row in rows)])
