"""What a channel repeats of its provider may be any bytes: the message still has one end."""

import pytest

from connectors.base import Sent
from connectors.errors import SendFailed
from tests.runners.test_sending import Desk, database, desk

__all__ = ["database", "desk"]

BYTES = ["a \0 in it", "half \ud800 of a pair"]


@pytest.mark.parametrize("said", BYTES)
async def test_a_refusal_is_recorded_without_what_no_database_takes(desk: Desk, said: str) -> None:
    desk.channel.answers = [SendFailed("invalid_recipient", said, provider_code=said)]
    await desk.queue()
    await desk.step()
    [row] = await desk.rows()
    assert row["state"] == "failed"
    assert (row["error"], row["provider_code"]) == (f"invalid_recipient: {_seen(said)}", _seen(said))


async def test_what_cannot_be_recorded_is_unknown_and_holds_up_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.channel, "outgoing_id", lambda message: None)

    async def send(message: object, http: object) -> Sent:
        return Sent(external_ids=("half \ud800 of a pair",))

    monkeypatch.setattr(desk.channel, "send", send)
    await desk.queue()
    await desk.step()
    [row] = await desk.rows()
    assert row["state"] == "unknown"
    assert row["error"].startswith("unknown: ")


def _seen(said: str) -> str:
    return " ".join("".join(c for c in said if c.isprintable()).split())
