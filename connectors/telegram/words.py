"""The words of messages that are more than a text: rich messages, polls, checklists; and the addresses behind words.

Source: Telegram Bot API, "RichMessage", "RichBlock", "RichText" (10.1), "Poll", "Checklist", "GiftInfo", "Invoice",
"MessageEntity" (`text_link`).
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from connectors.reading import Part

_DEEPEST: Final = 64
"""Levels of JSON that are read of a rich message. No app writes as many; what lies deeper is in `raw`."""
_TOLD: Final[Mapping[str, tuple[tuple[str, ...], str]]] = MappingProxyType(
    {
        "poll": (("question", "description"), "options"),
        "checklist": (("title",), "tasks"),
        "game": (("title", "description"), ""),
        "invoice": (("title", "description"), ""),
        "successful_payment": (("invoice_payload",), ""),
        "gift": (("text",), ""),
        "giveaway": (("prize_description",), ""),
        "giveaway_winners": (("prize_description",), ""),
        "dice": (("emoji",), ""),
    }
)
"""Of each kind the keys of its texts, and of the list of what can be chosen or ticked."""


def told(message: Part, word: str) -> str | None:
    """What a message of a kind that has no place in an envelope says, one thing a line."""
    keys, listed = _TOLD.get(word, ((), ""))
    found = message.hints(word)
    lines = [found.hint(key) for key in keys]
    lines += [f"- {text}" for one in found.objects(listed) if (text := one.hint("text"))]
    return "\n".join(filter(None, lines)) or None


def rich_text(message: Part) -> str:
    """The words of a rich message, one block a line."""
    return "\n".join(filter(None, _lines(message.hints("rich_message").data.get("blocks"), 0)))


def objects(value: Any, deep: int = 0) -> Iterator[Part]:
    """Every object in a rich message, in the order they are shown."""
    if deep > _DEEPEST:
        return
    if isinstance(value, dict):
        yield Part(value, "message.rich_message")
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inside:
        yield from objects(one, deep + 1)


def links(message: Part) -> Iterator[str]:
    """The addresses that stand behind words, so that the words alone do not tell them; each once."""
    marked = [*message.objects("entities"), *message.objects("caption_entities")]
    found = [one.hint("url") for one in marked if one.hint("type") == "text_link"]
    found += [one.hint("url") for one in objects(message.data.get("rich_message")) if one.hint("type") == "url"]
    yield from dict.fromkeys(filter(None, found))


def _lines(value: Any, deep: int) -> Iterator[str]:
    """Of a block, or of several."""
    if deep > _DEEPEST:
        return
    if isinstance(value, list):
        for one in value:
            yield from _lines(one, deep + 1)
    elif isinstance(value, dict):
        for key, read in _SHOWN.items():
            if key in value:
                yield from read(value[key], deep + 1)


def _line(value: Any, deep: int) -> Iterator[str]:
    yield _plain(value, deep)


def _plain(value: Any, deep: int) -> str:
    """A text, several of them in one line, or an object that holds one."""
    if deep > _DEEPEST:
        return ""
    if isinstance(value, list):
        return "".join(_plain(one, deep + 1) for one in value)
    if isinstance(value, dict):
        return next(filter(None, (_plain(value.get(key), deep + 1) for key in _HOLDING)), "")
    return value if isinstance(value, str) else ""


def _items(value: Any, deep: int) -> Iterator[str]:
    """Of a list: its sign or number, and what follows it."""
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            said = "\n".join(filter(None, _lines(item.get("blocks"), deep + 1)))
            yield f"{_plain(item.get('label'), deep)} {said}".strip()


def _rows(value: Any, deep: int) -> Iterator[str]:
    """Of a table."""
    for row in value if isinstance(value, list) else ():
        yield " | ".join(_plain(cell, deep + 1) for cell in row if isinstance(cell, dict)) if isinstance(row, list) else ""


def _caption(value: Any, deep: int) -> Iterator[str]:
    """That of a table is a text, that of a file a text with a credit."""
    return _lines(value, deep) if isinstance(value, dict) else _line(value, deep)


_HOLDING: Final = ("text", "expression", "alternative_text", "button")
_SHOWN: Final[Mapping[str, Callable[[Any, int], Iterator[str]]]] = MappingProxyType(
    {
        "summary": _line,
        "text": _line,
        "expression": _line,
        "blocks": _lines,
        "items": _items,
        "cells": _rows,
        "buttons": _lines,
        "caption": _caption,
        "credit": _line,
    }
)
"""Where blocks have words, in the order they are shown."""
