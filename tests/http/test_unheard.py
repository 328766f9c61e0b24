"""Over HTTP: who wrote and got no answer."""

import pytest

from regia.gateway import Gateway
from tests.contacts import email, message, phone
from tests.http.served import READER, VIEWER, Client
from tests.http.test_customers import get
from tests.identity.batches import identify


async def test_a_page_with_totals(client: Client, gateway: Gateway) -> None:
    for number, handle in enumerate((phone("+393331234501"), email(verified=True), phone("+393331234501"))):
        await identify(gateway.stores.database, message(f"m{number}", handle, hours=number))
    found = await get(client, "/v1/unheard?limit=1")
    (one,) = found["unheard"]
    assert (one["waiting"], one["channels"], one["since"]) == (2, {"whatsapp": 2}, "2026-11-21T18:00:00.000Z")
    assert (one["last"], one["envelope"]) == ("2026-11-21T20:00:00.000Z", str(message("m2").id))
    assert found["totals"] == {"customers": 2, "contacts": 3, "since": "2026-11-21T18:00:00.000Z"}
    further = await get(client, f"/v1/unheard?limit=1&cursor={found['cursor']}")
    assert [other["waiting"] for other in further["unheard"]] == [1]
    assert further["cursor"] is None
    assert len((await get(client, "/v1/unheard?until=2026-11-21T18:30:00Z"))["unheard"]) == 1


@pytest.mark.parametrize("query", ["least=0", "least=x", "until=soon", "limit=0", "cursor=x"])
async def test_what_is_not_understood_is_said(client: Client, query: str) -> None:
    answer = await client.get(f"/v1/unheard?{query}", headers=VIEWER)
    assert answer.status == 400
    assert (await answer.json())["error"] == "malformed"


async def test_only_for_those_who_may_see_customers(client: Client) -> None:
    assert (await client.get("/v1/unheard", headers=READER)).status == 403
