"""Logging in and out: who is let in, for how long, from where, and how often it may be tried."""

import time
from http.cookies import Morsel
from pathlib import Path
from typing import Any

import pytest
import time_machine
from selectolax.lexbor import LexborHTMLParser

from desk.staff.throttle import BY_ADDRESS, BY_NAME
from regia.http.console.login import _is_safe
from regia.http.console.parts import CONSOLE
from storage import staff
from tests.console.scene import NOBODY, PASSWORD, Scene, Somebody, a_console

WRONG = "wrong horse battery staple"
HOUR = 3600


async def opened(scene: Scene) -> Somebody:
    """A browser with the log-in page."""
    answer = await scene.get("/login")
    token = answer.cookies[f"{scene.cookie.removesuffix('console')}entry"].value
    field = LexborHTMLParser(await answer.text()).css_first("input[name=csrf]")
    assert field is not None
    assert field.attributes["value"] == token
    return Somebody(None, token, token)


async def log_in(scene: Scene, name: str, password: str = PASSWORD, *, browser: Somebody | None = None, **more: str) -> Any:
    fields = {"name": name, "password": password} | {key: value for key, value in more.items() if key == "next"}
    headers = {key: value for key, value in more.items() if key != "next"}
    return await scene.post("/login", browser or await opened(scene), fields, **headers)


def cookie_of(answer: Any, scene: Scene) -> "Morsel[str]":
    morsel: Morsel[str] = answer.cookies[scene.cookie]
    return morsel


async def test_the_right_password_lets_in_and_the_log_says_so(scene: Scene) -> None:
    anna = await scene.person("Anna.Bianchi", "agent")
    answer = await log_in(scene, "  ANNA.bianchi ", next="/console/users?x=1")
    assert (answer.status, answer.headers["Location"]) == (303, "/console/users?x=1")
    who = Somebody(anna, cookie_of(answer, scene).value)
    assert "Anna.Bianchi" in (await scene.page("/", who)).text()
    assert await scene.audit() == [(anna.id, "login", anna.id, "done")]


@pytest.mark.parametrize(
    ("name", "password"), [("anna", WRONG), ("nobody", PASSWORD), ("", ""), ("off", PASSWORD), ("anna", "")]
)
async def test_anything_else_does_not_and_all_are_told_the_same(scene: Scene, name: str, password: str) -> None:
    await scene.person("anna", "admin")
    off = await scene.person("off", "admin")
    await scene.gateway.stores.database.write(lambda one: staff.change(one, off.id, disabled=True))
    answer = await log_in(scene, name, password)
    assert answer.status == 401
    assert scene.cookie not in answer.cookies
    page = LexborHTMLParser(await answer.text())
    notice = page.css_first("[role=alert]")
    assert notice is not None
    assert notice.text() == "Nome utente o password non corretti."
    assert PASSWORD not in await answer.text()
    assert [row[1::2] for row in await scene.audit()] == [("login", "wrong")]


async def test_a_name_that_is_nobodys_costs_a_hash_too(scene: Scene) -> None:
    looked: list[str] = []
    passwords = scene.client.app[CONSOLE].passwords  # type: ignore[union-attr]
    real = passwords._verify
    passwords._verify = lambda password, hashed: looked.append(hashed or "nobody's") or real(password, hashed)  # type: ignore[method-assign]
    await log_in(scene, "nobody", PASSWORD)
    assert looked == ["nobody's"]


@pytest.mark.parametrize(
    ("url", "cookie", "flags"),
    [
        ("https://regia.example", "__Host-regia_console", {"path": "/", "secure": True}),
        ("https://shop.example/regia", "__Host-regia_console", {"path": "/", "secure": True}),
        ("http://regia.lan/desk", "regia_console", {"path": "/desk/console", "secure": ""}),
        (None, "regia_console", {"path": "/console", "secure": ""}),
    ],
)
async def test_flags_of_the_cookie(
    tmp_path: Path, migrated_sqlite: Path, url: str | None, cookie: str, flags: dict[str, Any]
) -> None:
    async with a_console(tmp_path, migrated_sqlite, public_url=url) as scene:
        await scene.person("anna", "agent")
        morsel = cookie_of(await log_in(scene, "anna"), scene)
        assert morsel.key == cookie
        assert {name: morsel[name] for name in flags} == flags
        assert (morsel["httponly"], morsel["samesite"], morsel["max-age"], morsel["domain"]) == (True, "Lax", "", "")


async def test_behind_a_proxy_with_a_path_every_link_and_form_has_it(tmp_path: Path, migrated_sqlite: Path) -> None:
    async with a_console(tmp_path, migrated_sqlite, public_url="https://shop.example/regia") as scene:
        admin = await scene.logged_in(await scene.person("anna", "admin"))
        answer = await scene.get("/users")
        assert answer.headers["Location"] == "/regia/console/login?next=/console/users"
        assert (await log_in(scene, "anna", next="/console/users")).headers["Location"] == "/regia/console/users"
        for path, who in (("/login", NOBODY), ("/", admin), ("/users", admin), ("/account", admin)):
            page = await scene.page(path, who)
            found = [one.attributes.get(name) or "" for name in ("href", "src", "action") for one in page.css(f"[{name}]")]
            assert [one for one in found if not one.startswith(("/regia/console/", "#", "?", "data:"))] == []


@pytest.mark.parametrize(
    ("next_", "safe"),
    [
        ("/console/", True),
        ("/console/messages/1f-2_a?x=1&y=%20z", True),
        ("/console/queues/demo.returns", True),
        ("/console", False),
        ("/", False),
        ("", False),
        ("//evil.example/console/", False),
        ("https://evil.example/console/", False),
        ("/console//evil.example", False),
        ("/console/\\evil.example", False),
        ("/console/../webhooks/x", False),
        ("/console/./x", False),
        ("/console/a/..", False),
        ("/console/\r\nSet-Cookie: a=b", False),
        ("/console/#x", False),
        ("javascript:alert(1)//console/", False),
        ("/consoleevil.example/", False),
        ("/console/x\n", False),
    ],
)
async def test_where_one_is_sent_on_to(next_: str, safe: bool) -> None:
    assert _is_safe(next_) is safe


async def test_an_unsafe_address_becomes_the_first_page(scene: Scene) -> None:
    await scene.person("anna", "agent")
    answer = await log_in(scene, "anna", next="//evil.example/console/")
    assert answer.headers["Location"] == "/console/"
    page = LexborHTMLParser(await (await scene.get("/login?next=//evil.example/console/")).text())
    field = page.css_first("input[name=next]")
    assert field is not None
    assert field.attributes["value"] in ("", None)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Origin": "https://regia.example", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://regia.example"}, 403),
    ],
)
async def test_a_change_from_elsewhere_is_refused_even_with_the_token(
    scene: Scene, headers: dict[str, str], status: int
) -> None:
    anna = await scene.person("anna", "agent")
    assert (await log_in(scene, "anna", **headers)).status == status
    who = await scene.logged_in(anna)
    assert (await scene.post("/account/look", who, {"language": "en", "theme": "dark"}, **headers)).status == status
    changed = (await scene.audit(limit=1))[0]
    assert changed[1:] == ("account.look", "" if status == 403 else anna.id, "done" if status == 303 else "handshake_refused")


async def test_the_token_of_one_login_is_no_good_for_another(scene: Scene) -> None:
    anna, marco = [await scene.logged_in(await scene.person(name, "agent")) for name in ("anna", "marco")]
    assert (await scene.post("/account/look", anna, {"language": "en", "theme": "dark"}, csrf=marco.csrf)).status == 403
    stranger, other = await opened(scene), await opened(scene)
    answer = await scene.post("/login", stranger, {"name": "anna", "password": PASSWORD}, csrf=other.csrf)
    assert answer.status == 403
    header = await scene.post("/account/look", anna, {"language": "en", "theme": "dark"}, csrf="", **{"X-CSRF": anna.csrf})
    assert header.status == 303


async def test_too_many_tries_of_a_name_wait_and_are_let_in_later(scene: Scene) -> None:
    await scene.person("anna", "agent")
    count, seconds = BY_NAME[0]
    browser = await opened(scene)
    with time_machine.travel(time.time(), tick=True) as clock:
        for number in range(count):
            far = {"X-Forwarded-For": f"198.51.100.{number}"}
            assert (await log_in(scene, "anna", WRONG, browser=browser, **far)).status == 401
        answer = await log_in(scene, "ANNA ", browser=browser)
        assert (answer.status, answer.headers["Retry-After"]) == (429, str(seconds))
        assert "tra 1 min" in await answer.text()
        assert (await log_in(scene, "marco", browser=browser)).status == 401, "others are not kept out"
        clock.shift(2 * seconds)
        assert (await log_in(scene, "anna", browser=browser)).status == 303
    assert len([row for row in await scene.audit() if row[3] == "wrong"]) == count + 1, "what was throttled is not in the log"


async def test_whoever_was_here_before_is_not_kept_out_by_others(scene: Scene) -> None:
    await scene.person("anna", "agent")
    welcomed = await log_in(scene, "anna")
    known = welcomed.cookies["__Host-regia_known"]
    assert (known["httponly"], known["samesite"], known["secure"]) == (True, "Lax", True)
    for _ in range(BY_NAME[0][0] + 1):
        await log_in(scene, "anna", WRONG)
    assert (await log_in(scene, "anna")).status == 429
    browser = await opened(scene)
    cookies = f"__Host-regia_entry={browser.secret}; __Host-regia_known="
    for value, status in ((known.value, 303), (f"{known.value}x", 429), (f"0123.{'0' * 64}", 429)):
        answer = await scene.post(
            "/login", NOBODY, {"name": "anna", "password": PASSWORD}, csrf=browser.csrf, Cookie=cookies + value
        )
        assert answer.status == status


async def test_too_many_tries_from_one_address_wait(scene: Scene) -> None:
    browser, (count, _) = await opened(scene), BY_ADDRESS[0]
    statuses = [(await log_in(scene, f"name{number}", WRONG, browser=browser)).status for number in range(count + 1)]
    assert (statuses[count - 1], statuses[count]) == (401, 429)
    far = {"X-Forwarded-For": "203.0.113.9"}
    assert (await log_in(scene, "other", WRONG, browser=browser, **far)).status == 401


async def test_what_strangers_send_is_not_written_down(scene: Scene) -> None:
    """Only a try to log in is an act: else anybody could fill the log."""
    await scene.person("anna", "agent")
    for body in ({"x": "1"}, {"name": "anna", "password": "x"}):
        assert (await scene.post("/login", NOBODY, body)).status == 403
    assert await scene.audit() == []
