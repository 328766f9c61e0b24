"""JSON as people read it."""

import orjson


def readable(body: bytes | str) -> str | None:
    """With line ends and indented; None for what is no JSON."""
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except ValueError:
        return None
