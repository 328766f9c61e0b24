"""Renders a page of the console, or one block of it for a request of htmx.

Everything is escaped by the templates. No page holds an inline style or script: `headers` forbid both.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from web.console.assets import SHEETS, link
from web.console.customer import evidence, shown_values
from web.console.frame import Frame
from web.console.masking import masked
from web.console.queues import line
from web.console.rules import bars
from web.console.saying import lasting, number
from web.console.texts.channels import channel_name
from web.console.texts.common import COMMON
from web.console.texts.kinds import kind_name
from web.console.visitors import CHAT, visitor_name

HTMX: Final = (
    '{"extensions":"sse,upsert","includeIndicatorCSS":false,"history":false,"transitions":false,"noSwap":[204,304,401]}'
)
"""htmx's settings: no style of its own, no other extensions. Nothing of it that is evaluated is used: no `hx-on`, no `js:`, no
filters in `hx-trigger`."""

POLICY: Final[Mapping[str, str]] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def headers(*, frames: bool = False) -> dict[str, str]:
    """The response headers of a page. `frames`: it holds a frame of our own, such as that of a mail."""
    policy = {**POLICY, "frame-src": "'self'"} if frames else POLICY
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        **GUARDS,
    }


GUARDS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Of every answer of the console, whatever it is."""


def render(template: str, frame: Frame, texts: object, *, block: str | None = None, **values: Any) -> str:
    """The page of a template, or only one of its blocks. In templates: `frame`, `common` (the texts of all pages), `texts`
    (the page's own), and the values."""
    found = TEMPLATES.get_template(template)
    everything = {"frame": frame, "common": COMMON[frame.language], "texts": texts, "htmx": HTMX, **values}
    if block is None:
        return found.render(everything)
    return "".join(found.blocks[block](found.new_context(everything)))


@pass_context
def _asset(context: Context, name: str) -> str:
    return link(context["frame"].base, name)


@pass_context
def _personal(context: Context, value: str | None, kind: str) -> str:
    """`{{ name | personal("name") }}`: masked or whole, as whoever looks may see it. The one place where that is decided, and
    where visitors of a chat, whose addresses say nothing, are called by a word."""
    if kind == CHAT and value:
        return visitor_name(value, context["frame"].language)
    return masked(value or "", kind) if context["frame"].masked else value or ""


def _time(ms: int | None, *, seconds: bool = False, only: str = "") -> Markup:
    """A moment (milliseconds since 1970): in UTC without a script, and with it in the reader's own time. `only` is `time` where
    the day is plain."""
    if ms is None:
        return Markup("&ndash;")
    at = datetime.fromtimestamp(ms / 1000, UTC)
    form = ("%H:%M:%S" if seconds else "%H:%M") if only == "time" else ("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")
    kind = Markup(' data-only="{}"').format(only) if only else ""
    exact = Markup(" data-seconds") if seconds else ""
    return Markup('<time datetime="{}"{}{}>{}</time>').format(
        at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), kind, exact, f"{at:{form}}"
    )


@pass_context
def _span(context: Context, ms: float | None) -> str:
    """How long, shortly: by its largest unit."""
    return lasting(ms, context["frame"].language, units=1)


def _pairs(values: Iterable[str]) -> list[tuple[str, str]]:
    """Choices that are called as they are."""
    return [(value, value) for value in values]


@pass_context
def _channel(context: Context, channel: str) -> str:
    """What a channel is called."""
    return channel_name(channel, context["frame"].language)


@pass_context
def _kind(context: Context, kind: str) -> str:
    """What a kind of contact is called."""
    return kind_name(kind, context["frame"].language)


@pass_context
def _channel_pairs(context: Context, channels: Iterable[str]) -> list[tuple[str, str]]:
    """Choices among channels."""
    return [(channel, _channel(context, channel)) for channel in channels]


def _brand_pair(brand: str, all_others: str) -> tuple[str, str]:
    """A choice among brands with rules of their own: `*` stands for all others."""
    return brand, all_others if brand == "*" else brand


@pass_context
def _count(context: Context, count: int) -> str:
    return number(count, context["frame"].language)


@pass_context
def _decimal(context: Context, number: float, places: int) -> str:
    """`17,9` in Italian, `17.9` in English."""
    said = f"{number:.{places}f}"
    return said.replace(".", ",") if context["frame"].language == "it" else said


@pass_context
def _size(context: Context, number: int) -> str:
    """Bytes in words: `578 byte`, `1,2 kB`, `3,4 MB`."""
    for most, unit, name in ((1_000, 1, ""), (1_000_000, 1_000, "kB"), (1_000_000_000, 1_000_000, "MB")):
        if number < most:
            return f"{_decimal(context, number / unit, 1)} {name}" if name else f"{number} {context['common'].bytes}"
    return f"{_decimal(context, number / 1_000_000_000, 1)} GB"


@pass_context
def _day(context: Context, day: str) -> str:
    """A day, given as ISO 8601 writes it: `28/11/2026` in Italian, and as it is in English."""
    return "/".join(reversed(day.split("-"))) if context["frame"].language == "it" else day


TEMPLATES: Final = Environment(
    loader=PackageLoader("web.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters |= {
    "personal": _personal,
    "moment": _time,
    "span": _span,
    "count": _count,
    "decimal": _decimal,
    "size": _size,
    "day": _day,
    "pairs": _pairs,
    "channel": _channel,
    "kind": _kind,
    "channel_pairs": _channel_pairs,
    "brand_pair": _brand_pair,
    "evidence": evidence,
    "shown_values": shown_values,
    "bars": bars,
    "line": line,
}
TEMPLATES.globals["asset"] = _asset
TEMPLATES.globals["sheets"] = SHEETS
TEMPLATES.globals["ui"] = TEMPLATES.get_template("macros.html").module
