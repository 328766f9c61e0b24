"""A customer's right to have everything, and to have it erased, over HTTP."""

import asyncio
import io
from typing import Any
from zipfile import ZipFile

import aiohttp
import pytest

from regia.erasing import erase as erasing
from regia.erasing.failures import EraseFailed
from regia.exporting.export import Export
from regia.gateway import Gateway
from regia.http import customer_leaving
from storage.database import DatabaseUnavailable
from tests.contacts import phone, user
from tests.http.served import SITE, VIEWER, Client
from tests.http.test_customers import People, get, people, post
from tests.http.test_endpoints import log, refusal

__all__ = ["log", "people"]


async def test_everything_as_one_archive(client: Client, people: People) -> None:
    one = await people("m1", phone(), sender_name="Anna Bianchi")
    path = f"/v1/customers/{one.customer.id}/export"
    answer = await client.get(path, headers=SITE)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{one.customer.id}.zip"'
    with ZipFile(io.BytesIO(await answer.read())) as found:
        assert found.testzip() is None
        assert b"Anna Bianchi" in found.read("customer.json")
    acts = (await get(client, f"/v1/customers/{one.customer.id}/audit"))["acts"]
    assert [(act["action"], act["actor"]) for act in acts] == [("exported", "token/site")]


async def test_erased_it_is_gone(client: Client, people: People) -> None:
    one, other = await people("m1", phone()), await people("m2", user())
    path = f"/v1/customers/{one.customer.id}"
    erased = (await post(client, path, method="DELETE"))["erased"]
    assert (erased["customers"], erased["links"], erased["messages"], erased["again"]) == (1, 1, 1, False)
    for more in ("", "/timeline", "/audit"):
        await refusal(await client.get(f"{path}{more}", headers=VIEWER), 410, "gone")
    await refusal(await client.get(f"{path}/export", headers=SITE), 410, "gone")
    await refusal(await client.patch(path, json={"tier": "gold"}, headers=SITE), 410, "gone")
    await refusal(await client.post(f"{path}/unmerge", headers=SITE), 410, "gone")
    email = {"kind": "email", "value": "anna@example.it"}
    for more, body in (("proofs", {"handle": email, "method": "code"}), ("links", {"handle": email, "reason": "so"})):
        await refusal(await client.post(f"{path}/{more}", json=body, headers=SITE), 410, "gone")
    assert (await post(client, path, method="DELETE"))["erased"]["again"] is True
    assert (await get(client, "/v1/customers?kind=phone&value=%2B393331234567"))["verified"] == []
    assert (await get(client, f"/v1/customers/{other.customer.id}"))["messages"] == 1


async def test_of_one_below_the_other_is_named(client: Client, people: People) -> None:
    a, b = await people("m1", phone()), await people("m2", user(), hours=1)
    await post(client, f"/v1/customers/{a.customer.id}/merge", {"with": b.customer.id})
    path = f"/v1/customers/{b.customer.id}"
    for answer in (await client.get(f"{path}/export", headers=SITE), await client.delete(path, headers=SITE)):
        assert f"below {a.customer.id}" in (await refusal(answer, 409, "merged_already"))["detail"]


async def test_who_may_and_what_is_not_there(client: Client, people: People) -> None:
    for method, path in (("GET", "/v1/customers/cus_0/export"), ("DELETE", "/v1/customers/cus_0")):
        await refusal(await client.request(method, path, headers=VIEWER), 403, "scope_missing")
        await refusal(await client.request(method, path, headers=SITE), 404, "unknown_customer")


async def test_what_can_be_tried_again(client: Client, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await people("m1", phone())

    async def fail(*_: Any, **__: Any) -> None:
        raise EraseFailed("not_worked_off")

    monkeypatch.setattr(erasing, "worked_off", fail)
    answer = await client.delete(f"/v1/customers/{one.customer.id}", headers=SITE)
    assert "nothing was erased, try again" in (await refusal(answer, 503, "unavailable"))["detail"]
    assert answer.headers["Retry-After"] == "5"
    assert (await get(client, f"/v1/customers/{one.customer.id}"))["messages"] == 1


@pytest.mark.parametrize("error", [DatabaseUnavailable("away"), ValueError("+393331234567")])
async def test_an_archive_that_breaks_off_is_no_answer(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, error: Exception
) -> None:
    one = await people("m1", phone())

    async def pieces() -> Any:
        yield b"PK"
        raise error

    async def broken(*_: Any, **__: Any) -> Export:
        return Export("x.zip", pieces())

    monkeypatch.setattr(customer_leaving, "open_export", broken)

    async def whole() -> bytes:
        answer = await client.get(f"/v1/customers/{one.customer.id}/export", headers=SITE)
        return bytes(await answer.read())

    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await whole()
    assert "an export broke off" in log.getvalue()
    assert "393331234567" not in log.getvalue()
    assert (await get(client, f"/v1/customers/{one.customer.id}"))["messages"] == 1


async def test_one_that_fails_before_it_begins_is_a_refusal(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def pieces() -> Any:
        raise DatabaseUnavailable("away")
        yield b""

    async def broken(*_: Any, **__: Any) -> Export:
        return Export("x.zip", pieces())

    monkeypatch.setattr(customer_leaving, "open_export", broken)
    await refusal(await client.get("/v1/customers/cus_1/export", headers=SITE), 503, "unavailable")


async def test_whoever_goes_away_leaves_no_defect_behind(
    client: Client, gateway: Gateway, people: People, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    ended = asyncio.Event()

    async def pieces() -> Any:
        try:
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0)
        finally:
            ended.set()

    async def endless(*_: Any, **__: Any) -> Export:
        return Export("x.zip", pieces())

    monkeypatch.setattr(customer_leaving, "open_export", endless)
    answer = await client.get("/v1/customers/cus_1/export", headers=SITE)
    await answer.content.read(100)
    answer.close()
    async with asyncio.timeout(10):
        await ended.wait()
    assert "defect" not in log.getvalue()
