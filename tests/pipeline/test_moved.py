"""What a platform tells of its users' addresses, through the whole pipeline."""

from connectors.base import ChannelEvent
from connectors.exchange import Moved
from storage.schema import handles, messages, signals
from tests.contacts import inbound, phone
from tests.pipeline.conftest import Line

OLD, NEW = phone("+393331111111"), phone("+393332222222")


async def test_a_number_that_changed(line: Line) -> None:
    line.start()
    await line.accept(inbound("m1", OLD))
    await line.idle()
    news = ChannelEvent(
        event_key="e1", type="system.user_changed_number", account=None, raw=b"{}", brand="demo", moved=Moved(OLD, NEW)
    )
    await line.accept(events=(news,))
    await line.idle()
    await line.accept(inbound("m2", NEW))
    await line.accept(events=(news,))
    await line.idle()
    first, second = sorted(await line.rows(messages), key=lambda row: row["external_id"])
    assert second["customer_id"] == first["customer_id"]
    (event,) = await line.rows(signals)
    old, new = sorted(await line.rows(handles), key=lambda row: row["since_ms"])
    assert (old["ended_by"], old["key"], new["evidence"]) == ("changed", None, f"whatsapp/{event['id']}")
    assert (await line.books()).balance


async def test_an_event_of_no_brand_changes_nothing(line: Line) -> None:
    line.start()
    await line.accept(inbound("m1", OLD))
    await line.idle()
    news = ChannelEvent(event_key="e1", type="system", account=None, raw=b"{}", moved=Moved(OLD, NEW))
    await line.accept(events=(news,))
    await line.idle()
    (link,) = await line.rows(handles)
    assert link["ended_by"] is None


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
