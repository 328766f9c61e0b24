"""A brand's colour made readable: contrast by WCAG 2.2 (§1.4.3, 4.5 : 1 for text) on the light and on the dark page."""

from dataclasses import dataclass
from typing import Final

Rgb = tuple[int, int, int]

READABLE: Final = 4.5
CLEAR: Final = 6.0
"""On dark ground the bare minimum looks dull."""
WHITE: Final[Rgb] = (255, 255, 255)
BLACK: Final[Rgb] = (0, 0, 0)
LIGHT_CARD: Final[Rgb] = WHITE
DARK_CARD: Final[Rgb] = (28, 33, 41)
_STEPS: Final = 20
_STRAIGHT: Final = 0.04045


@dataclass(frozen=True, slots=True)
class Palette:
    """One colour made readable, as `#rrggbb`: to fill with, to write with on the fill, and to write with on the page."""

    fill: str
    on_fill: str
    accent: str
    dark_fill: str
    dark_on_fill: str
    dark_accent: str


def palette(primary: str) -> Palette:
    """`primary` is `#rrggbb`; the ground is `LIGHT_CARD` or `DARK_CARD`."""
    colour = _parse(primary)
    light = _readable_on(LIGHT_CARD, colour, BLACK, READABLE)
    dark = _readable_on(DARK_CARD, colour, WHITE, CLEAR)
    return Palette(_hex(colour), _hex(_text_on(colour)), _hex(light), _hex(dark), _hex(_text_on(dark)), _hex(dark))


def theme(primary: str) -> str:
    """The style sheet that carries the colours of one form. `primary` is `#rrggbb`.

    It is a sheet of its own because the pages' Content-Security-Policy takes no inline style.
    """
    of = palette(primary)
    return (
        f":root{{--fill:{of.fill};--on-fill:{of.on_fill};--accent:{of.accent}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{--fill:{of.dark_fill};--on-fill:{of.dark_on_fill};"
        f"--accent:{of.dark_accent}}}}}\n"
    )


def contrast(one: Rgb, other: Rgb) -> float:
    """The contrast ratio, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _readable_on(background: Rgb, colour: Rgb, towards: Rgb, ratio: float) -> Rgb:
    mixes = (_mix(colour, towards, step / _STEPS) for step in range(_STEPS + 1))
    return next((mix for mix in mixes if contrast(mix, background) >= ratio), towards)


def _text_on(fill: Rgb) -> Rgb:
    # One of the two always has 4.5 : 1; a softer black would not.
    return max((WHITE, BLACK), key=lambda text: contrast(text, fill))


def _mix(colour: Rgb, towards: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, towards, strict=True))
    return red, green, blue


def _luminance(colour: Rgb) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    # sRGB to linear light, IEC 61966-2-1.
    return value / 12.92 if value <= _STRAIGHT else ((value + 0.055) / 1.055) ** 2.4


def _parse(text: str) -> Rgb:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
