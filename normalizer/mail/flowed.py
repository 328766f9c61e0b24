"""`format=flowed` (RFC 3676): paragraphs that were broken for narrow screens are put together again."""

from typing import Final

_SIGNATURE: Final = "-- "


def unflow(text: str, *, delsp: bool) -> str:
    """Lines ending in a blank are joined with the next of the same quote depth; `delsp` drops that blank.

    Quote marks become `> ` once a level, stuffed blanks go, the signature separator stays a line of its own.
    """
    paragraphs: list[list[str]] = []
    open_depth: int | None = None
    for raw in text.replace("\r\n", "\n").split("\n"):
        depth, line = _unquoted(raw)
        flows = line.endswith(" ") and line != _SIGNATURE
        body = line[:-1] if flows and delsp else line
        if open_depth == depth and line != _SIGNATURE:
            paragraphs[-1].append(body)
        else:
            paragraphs.append(["> " * depth + body])
        open_depth = depth if flows else None
    return "\n".join(map("".join, paragraphs))


def _unquoted(line: str) -> tuple[int, str]:
    rest = line.lstrip(">")
    return len(line) - len(rest), rest.removeprefix(" ")
