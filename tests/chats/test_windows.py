"""Windows of a node: how many there may be, and what a long poll takes of one."""

import pytest

from connectors.errors import Rejected
from desk.transcripts import Cursor
from regia.chats.window import Window, handles
from regia.chats.windows import Windows
from regia.http import chat_items

WHOSE = handles("chat", "demo", ("v",), "chat")


async def test_a_poll_gives_the_place_of_what_it_gives() -> None:
    """Told of two things at once it gives the first, and not the place behind both."""
    window = Window("v", WHOSE, Cursor())
    for number in ("one", "two"):
        window.offer({"type": "items", "items": [{"id": number}], "cursor": number})
    assert await chat_items._wait(window, 0) == {"type": "items", "items": [{"id": "one"}], "cursor": "one"}


@pytest.mark.parametrize("bound", ["most", "most_of_visitor", "most_of_address"])
def test_only_so_many_are_open(bound: str) -> None:
    windows, bounds = Windows(), {"most": 9, "most_of_visitor": 9, "most_of_address": 9, bound: 2}
    opened = [Window("v", WHOSE, Cursor(), "10.0.0.1") for _ in range(2)]
    for window in opened:
        windows.add(window, **bounds)
    with pytest.raises(Rejected) as refused:
        windows.add(Window("v", WHOSE, Cursor(), "10.0.0.1"), **bounds)
    assert refused.value.code == "rate_limited"
    windows.remove(opened[0])
    windows.add(Window("v", WHOSE, Cursor(), "10.0.0.1"), **bounds)
