"""Figures over HTTP: before they are counted, as JSON and as a table, and for whom."""

import pytest

from desk.kpi.rolling import Rolling
from regia.gateway import Gateway
from tests.http.served import READER, VIEWER, Client
from tests.kpi.planted import AT, contact


async def test_until_all_is_counted_and_then(client: Client, gateway: Gateway) -> None:
    refused = await client.get("/v1/kpi", headers=VIEWER)
    assert (refused.status, (await refused.json())["error"]) == (503, "unavailable")
    assert "Retry-After" in refused.headers
    await Rolling(gateway.stores.database).finish(0)
    waits = {"awaits_answer": True, "handle_id": "hdl_1"}
    await gateway.stores.database.write(lambda connection: contact(connection, 1, AT, "=1", **waits))
    days = "since=2026-11-21&until=2026-11-22"
    answer = await client.get(f"/v1/kpi?kpi=sources&kpi=unheard&{days}", headers=VIEWER)
    sources, unheard = (await answer.json())["kpis"]
    assert [(one["group"], one["count"]) for one in sources["groups"]] == [("form", 1)]
    assert (unheard["all"]["count"], unheard["all"]["parts"]) == (1, {"contacts": 1})
    table = await client.get(f"/v1/kpi?kpi=sources&{days}&format=csv&channel=form&channel=email", headers=VIEWER)
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (await table.text()).splitlines()[1] == "sources,contacts,*,1,1.0000,,,,,"
    for query in ("kpi=x", "since=soon", "by=x", "format=xml", "chanel=email", "field=x", "zone=x", "by=field.%00"):
        answer = await client.get(f"/v1/kpi?{query}", headers=VIEWER)
        assert (answer.status, (await answer.json())["error"]) == (400, "malformed"), query


@pytest.mark.parametrize("path", ["/v1/kpi", "/v1/kpi?format=csv"])
async def test_only_for_those_who_may_see_customers(client: Client, path: str) -> None:
    assert (await client.get(path, headers=READER)).status == 403
    assert (await client.get(path)).status == 401
