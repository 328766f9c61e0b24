"""Finds that are not repaired: run by path, `pytest tests/attacks/found_order.py`. See FOUND.md."""

from connectors.base import ChannelEvent
from connectors.exchange import Moved
from storage.schema import messages
from tests.contacts import inbound, phone
from tests.pipeline.conftest import Line, line, quick

__all__ = ["line", "quick"]

OLD, NEW = phone("+393331111111"), phone("+393332222222")


async def test_what_came_before_a_number_changed_is_its_owners(line: Line) -> None:  # the fixture
    """A message of the old number, the news, and a message of the new one, in one batch."""
    line.start()
    await line.accept(inbound("m1", OLD))
    await line.idle()
    await line.stop()
    moved = Moved(OLD, NEW)
    word = "system.user_changed_number"
    news = ChannelEvent(event_key="e1", type=word, account=None, raw=b"{}", brand="demo", moved=moved)
    await line.accept(inbound("m2", OLD), events=(news,))
    await line.accept(inbound("m3", NEW))
    await line.restart()
    await line.idle()
    assert len({row["customer_id"] for row in await line.rows(messages)}) == 1
