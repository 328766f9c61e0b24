"""A brand's look, for pages that have no form of their own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`theme` is the path of the style sheet with the colours, `logo` the address of a picture; the sites of `frame_origins`
    may show the page in a frame."""

    theme: str
    logo: str | None = None
    frame_origins: tuple[str, ...] = ()
