"""How long a login lasts, what a one-time password is good for, and what people choose for themselves."""

import re
import time
from typing import Any

import pytest
import time_machine
from argon2 import PasswordHasher

from desk.staff import people
from regia.http.console.parts import CONSOLE
from storage import staff
from tests.console.scene import PASSWORD, QUICK, Scene, Somebody
from tests.console.test_login import HOUR, WRONG, cookie_of, log_in


@pytest.mark.parametrize(
    ("used_after", "lasts"),
    [([7 * HOUR], True), ([9 * HOUR], False), ([7 * HOUR] * 23, True), ([7 * HOUR] * 24, False)],
)
async def test_a_login_ends_unused_and_after_its_time(scene: Scene, used_after: list[int], lasts: bool) -> None:
    with time_machine.travel(time.time(), tick=True) as clock:
        who = await scene.logged_in(await scene.person("anna", "agent"))
        statuses = []
        for seconds in used_after:
            clock.shift(seconds)
            statuses.append((await scene.get("/account", who)).status)
        assert statuses[-1] == (200 if lasts else 303)
        assert set(statuses[:-1]) <= {200}


async def test_a_page_that_asks_by_itself_does_not_keep_a_login_alive(scene: Scene) -> None:
    with time_machine.travel(time.time(), tick=True) as clock:
        who = await scene.logged_in(await scene.person("anna", "agent"))
        clock.shift(7 * HOUR)
        answer = await scene.get("/live", who)
        assert answer.status == 200
        answer.close()
        clock.shift(2 * HOUR)
        assert (await scene.get("/account", who)).status == 303


async def test_logging_out_ends_this_login_only(scene: Scene) -> None:
    anna = await scene.person("anna", "agent")
    one, two = await scene.logged_in(anna), await scene.logged_in(anna)
    answer = await scene.post("/logout", one)
    assert (answer.status, answer.cookies[scene.cookie]["max-age"]) == (303, "0")
    assert [(await scene.get("/account", who)).status for who in (one, two)] == [303, 200]
    assert (await scene.post("/logout", two, **{"HX-Request": "true"})).headers["HX-Redirect"] == "/console/login"
    assert (await scene.get("/live", two, **{"HX-Request": "true"})).status == 401


async def test_a_hash_of_older_parameters_is_made_anew(scene: Scene) -> None:
    anna = await scene.person("anna", "agent")
    newer = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    scene.client.app[CONSOLE].passwords._hasher = newer  # type: ignore[union-attr]
    assert QUICK.check_needs_rehash(anna.password) is False
    assert (await log_in(scene, "anna")).status == 303
    found = await scene.gateway.stores.database.read(lambda one: staff.named(one, "anna"))
    assert found is not None
    assert found.password != anna.password
    assert not newer.check_needs_rehash(found.password)
    assert (await log_in(scene, "anna")).status == 303


async def test_a_one_time_password_is_good_for_choosing_another_and_nothing_else(scene: Scene) -> None:
    anna = await scene.person("anna", "admin", must_change=True, until_ms=people.now_ms() + 60_000)
    answer = await log_in(scene, "anna", next="/console/users")
    assert answer.headers["Location"] == "/console/account"
    cookie = cookie_of(answer, scene).value
    who = Somebody(anna, cookie, await csrf_of(scene, cookie, anna))
    for path in ("/", "/users", "/audit", "/live"):
        assert (await scene.get(path, who)).headers["Location"] == "/console/account"
    new = "undici lampadine verdi"
    for old, one, two, why in (
        (WRONG, new, new, "Questa non è la tua password attuale."),
        (PASSWORD, new, f"{new}!", "Le due nuove password non sono uguali."),
        (PASSWORD, PASSWORD, PASSWORD, "È uguale a quella di prima."),
        (PASSWORD, "breve", "breve", "È troppo corta"),
        (PASSWORD, "password123456", "password123456", "È tra le password più usate"),
    ):
        answer = await scene.post("/account/password", who, {"old": old, "new": one, "again": two})
        assert (answer.status, why in await answer.text()) == (422, True)
        scene.client.app[CONSOLE].throttle._coordination._limiter.storage.storage.clear()  # type: ignore[union-attr]
    other = await scene.logged_in(anna)
    answer = await scene.post("/account/password", who, {"old": PASSWORD, "new": new, "again": new})
    assert answer.headers["Location"] == "/console/?said=password_changed"
    assert [(await scene.get("/users", one)).status for one in (who, other)] == [200, 303]
    assert [(await log_in(scene, "anna", password)).status for password in (PASSWORD, new)] == [401, 303]


async def csrf_of(scene: Scene, cookie: str, person: Any) -> str:
    page = await scene.page("/account", Somebody(person, cookie))
    field = page.css_first("meta[name=csrf]")
    assert field is not None
    return field.attributes["content"] or ""


async def test_the_language_is_the_browsers_until_it_is_chosen(scene: Scene) -> None:
    anna = await scene.logged_in(await scene.person("anna", "agent"))
    english = {"Accept-Language": "en-GB,en;q=0.9"}
    assert 'lang="en"' in await (await scene.get("/login", **english)).text()
    assert 'lang="it"' in await (await scene.get("/login?lang=it", **english)).text()
    assert 'lang="en"' in await (await scene.get("/", anna, **english)).text()
    assert (await scene.post("/account/look", anna, {"language": "it", "theme": "dark"})).status == 303
    page = await (await scene.get("/", anna, **english)).text()
    assert re.search(r'<html lang="it" data-theme="dark">', page)
    assert (await scene.post("/account/look", anna, {"language": "xx", "theme": "dark"})).status == 400
