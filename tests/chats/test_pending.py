"""What was accepted and is not in the tables yet."""

from typing import Any

import pytest

from regia.chats import pending as module
from regia.chats.pending import KEPT, Pending
from storage.transcripts import Line


def item(name: str) -> dict[str, Any]:
    return {"id": name, "state": "sent"}


def stored(name: str) -> Line:
    return Line(id=name, direction="in", state="delivered", at_ms=1, stamp_ms=1, place=1)


def names(pending: Pending, value: str, *known: str) -> list[str]:
    return [line.id for line, _ in pending.besides((value,), [stored(name) for name in known])]


def test_it_is_forgotten_once_it_is_in_the_tables() -> None:
    pending = Pending()
    for name in ("a", "b", "c"):
        pending.add("v", item(name), 5)
    pending.add("w", item("d"), 7)
    assert pending.add("v", item("a"), 9).at_ms == 5
    assert names(pending, "v") == ["a", "b", "c"]
    assert names(pending, "v", "b") == ["a", "c"]
    assert names(pending, "v") == ["a", "c"]
    assert (pending.oldest(("v", "w")), pending.oldest(("x",))) == (5, None)
    assert names(pending, "v", "a", "c") == []
    assert pending.oldest(("v",)) is None


def test_what_another_node_has_is_waited_for_and_not_shown() -> None:
    pending = Pending()
    pending.expect("v", "a", 5)
    assert names(pending, "v") == []
    assert pending.oldest(("v",)) == 5
    assert names(pending, "v", "a") == []
    assert pending.oldest(("v",)) is None


def test_it_is_bounded_in_time_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    pending = Pending()
    pending.add("v", item("old"), 0)
    pending.add("v", item("new"), KEPT + 1)
    assert names(pending, "v") == ["new"]
    monkeypatch.setattr(module, "MOST", 2)
    for number in range(4):
        pending.add("v", item(str(number)), KEPT + 2)
    assert names(pending, "v") == ["2", "3"]
