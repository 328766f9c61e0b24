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


@pytest.mark.parametrize(
    "query",
    [
        "kpi=reasons&by=day&since=9999-12-31&until=9999-12-31T23:00",
        "kpi=reasons&by=day&since=0001-01-01&until=0001-01-03&zone=Europe/Rome",
        "kpi=articles&since=0001-01-01&zone=Europe/Rome",
        "kpi=articles&since=2026-01-01&until=9999-12-31T23:59&zone=America/New_York",
    ],
)
async def test_the_ends_of_the_calendar_are_refused(client: Client, gateway: Gateway, query: str) -> None:
    await Rolling(gateway.stores.database).finish(0)
    answer = await client.get(f"/v1/kpi?{query}", headers=VIEWER)
    assert (answer.status, (await answer.json())["error"]) == (400, "malformed")
    assert "of the years 1970 to 8999" in await answer.text()


@pytest.mark.parametrize("days", [("1970-01-01", "1970-01-03"), ("8999-12-30", "8999-12-31T23:59")])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Adak"])
async def test_the_first_and_last_days_that_may_be_asked_for(
    client: Client, gateway: Gateway, days: tuple[str, str], zone: str
) -> None:
    await Rolling(gateway.stores.database).finish(0)
    for by in ("hour", "day", "week", "month"):
        query = f"kpi=reasons&kpi=articles&by={by}&since={days[0]}&until={days[1]}&zone={zone}"
        assert (await client.get(f"/v1/kpi?{query}", headers=VIEWER)).status == 200


@pytest.mark.parametrize("path", ["/v1/kpi", "/v1/kpi?format=csv"])
async def test_only_for_those_who_may_see_customers(client: Client, path: str) -> None:
    assert (await client.get(path, headers=READER)).status == 403
    assert (await client.get(path)).status == 401
