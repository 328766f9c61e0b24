"""What an attacker tries at a running console: headers of every answer, fixed sessions, forged hosts, and what stays open."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from desk.staff import people
from desk.staff.roles import ROLES
from regia.http.console.table import ENTRIES
from storage import staff
from tests.console.scene import HASHED, NOBODY, PASSWORD, Scene, Somebody
from tests.console.test_login import cookie_of, log_in, opened
from tests.console.test_roles import path_of

EVIL = "evil.example"


def guarded(headers: Mapping[str, str], *, page: bool) -> list[str]:
    """What an answer lacks."""
    lacks = []
    if headers.get("Cache-Control") != "no-store":
        lacks.append("may be cached")
    if headers.get("X-Frame-Options") not in ("DENY", "SAMEORIGIN"):
        lacks.append("may stand in a frame")
    if headers.get("X-Content-Type-Options") != "nosniff":
        lacks.append("may be sniffed")
    if headers.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
        lacks.append("says where it was")
    policy = headers.get("Content-Security-Policy", "")
    if page and ("default-src 'none'" not in policy or "frame-ancestors" not in policy or "unsafe" in policy):
        lacks.append(f"has the policy {policy!r}")
    return lacks


async def test_every_answer_is_guarded(scene: Scene) -> None:
    """Also redirects, refusals and what is not there, for everybody."""
    who: list[Somebody] = [NOBODY, *[await scene.logged_in(await scene.person(f"{role}.h", role)) for role in ROLES]]
    for entry in ENTRIES:
        if entry.path.startswith("/static"):
            continue
        for one in who:
            answer = await (scene.get if entry.method == "GET" else scene.post)(path_of(entry), one)
            page = answer.content_type == "text/html" and answer.status not in (302, 303)
            lacks = guarded(answer.headers, page=page)
            answer.close()
            assert lacks == [], (entry.method, entry.path, answer.status)
            if entry.path == "/logout" and one.person is not None:
                who[who.index(one)] = await scene.logged_in(one.person)


async def test_a_session_cannot_be_given_to_somebody(scene: Scene) -> None:
    """Whoever knows the cookie that a browser had before its log-in knows nothing afterwards."""
    anna, mallory = await scene.person("anna", "admin"), await scene.person("mallory", "viewer")
    planted = await scene.logged_in(mallory)
    entry = await opened(scene)
    for cookie in (f"{scene.cookie}=made-up", f"{scene.cookie}={planted.secret}"):
        csrf = planted.csrf if planted.secret in cookie else entry.csrf
        cookies = f"{cookie}; __Host-regia_entry={entry.secret}"
        answer = await scene.post("/login", NOBODY, {"name": "anna", "password": PASSWORD}, csrf=csrf, Cookie=cookies)
        assert answer.status == 303
        fresh = cookie_of(answer, scene).value
        assert fresh not in ("made-up", planted.secret)
        assert (await scene.get("/users", Somebody(anna, fresh))).status == 200
    assert (await scene.get("/account", planted)).status == 303, "the login that the browser had has ended"
    assert (await scene.get("/account", Somebody(anna, "made-up"))).status == 303


@pytest.mark.parametrize("path", ["/login", "/", "/users", "/account"])
@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "Forwarded", "X-Original-URL"])
async def test_a_forged_host_leads_nowhere(scene: Scene, path: str, header: str) -> None:
    admin = await scene.logged_in(await scene.person("anna", "admin"))
    value = f"host={EVIL}" if header == "Forwarded" else EVIL
    for who in (NOBODY, admin):
        answer = await scene.get(path, who, **{header: value})
        assert EVIL not in await answer.text()
        assert EVIL not in str(dict(answer.headers))
    stranger = await opened(scene)
    answer = await scene.post("/login", stranger, {"name": "anna", "password": PASSWORD}, **{header: value})
    assert urlsplit(answer.headers.get("Location", "")).netloc == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda one, id_: people.give_password(one, id_, HASHED, until_ms=people.now_ms() + 1),
        lambda one, id_: people.choose_password(one, id_, HASHED, keep=""),
        people.disable,
        staff.close_all,
    ],
    ids=["another password", "a password chosen elsewhere", "disabled", "logged out"],
)
async def test_what_ends_all_logins_ends_them_at_once(scene: Scene, change: Any) -> None:
    await scene.person("root", "admin")
    anna = await scene.person("anna", "admin")
    logins = [await scene.logged_in(anna) for _ in range(3)]
    await scene.gateway.stores.database.write(lambda one: change(one, anna.id))
    for who in logins:
        for path in ("/users", "/account", "/live"):
            assert (await scene.get(path, who)).status == 303
        answer = await scene.post("/account/look", who, {"language": "en", "theme": "dark"})
        assert "/console/login" in answer.headers["Location"]


async def test_a_lesser_role_holds_with_the_next_request(scene: Scene) -> None:
    anna = await scene.person("anna", "admin")
    await scene.person("root", "admin")
    who = await scene.logged_in(anna)
    assert (await scene.get("/users", who)).status == 200
    await scene.gateway.stores.database.write(lambda one: people.give_role(one, anna.id, "viewer"))
    assert (await scene.get("/users", who)).status == 403
    assert (await scene.post("/users", who, {"name": "x", "role": "admin"})).status == 403
    assert await scene.gateway.stores.database.read(lambda one: staff.named(one, "x")) is None


FORGED = [
    ("application/x-www-form-urlencoded", b"language=en&theme=dark"),
    ("text/plain", b"language=en&theme=dark&csrf="),
    ("application/json", b'{"language":"en","theme":"dark"}'),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="language"\r\n\r\nen\r\n--x--\r\n'),
    ("", b""),
]


@pytest.mark.parametrize(("content_type", "body"), FORGED)
async def test_a_form_on_another_site_changes_nothing(scene: Scene, content_type: str, body: bytes) -> None:
    """As its page can post it: the browser sends the cookie along, and no token."""
    anna = await scene.person("anna", "admin")
    who = await scene.logged_in(anna)
    sent = scene.headers(who, **({"Content-Type": content_type} if content_type else {}), Origin=f"https://{EVIL}")
    for path in ("/account/look", "/logout", "/users", f"/users/{anna.id}/password"):
        answer = await scene.client.post(f"/console{path}", data=body, headers=sent, allow_redirects=False)
        assert answer.status in (400, 403, 415), path
    assert (await scene.get("/account", who)).status == 200
    assert (await scene.gateway.stores.database.read(lambda one: staff.find(one, anna.id))) == anna


@pytest.mark.parametrize("name", ["regia_console", "__Host-regia_console"])
async def test_only_the_cookie_of_this_origin_counts(scene: Scene, name: str) -> None:
    """A neighbouring host can set `regia_console` for all of a domain, and never one with the prefix."""
    who = await scene.logged_in(await scene.person("anna", "admin"))
    answer = await scene.get("/account", NOBODY, Cookie=f"{name}={who.secret}")
    assert answer.status == (200 if name.startswith("__Host-") else 303)


async def test_the_way_in_says_the_same_of_everybody(scene: Scene) -> None:
    """Somebody, nobody, somebody disabled, one whose password has ended: to a stranger they look the same."""
    await scene.person("anna", "admin")
    off, late = await scene.person("off", "agent"), await scene.person("late", "agent", must_change=True, until_ms=1)
    await scene.gateway.stores.database.write(lambda one: staff.change(one, off.id, disabled=True))
    assert late.must_change
    browser, told = await opened(scene), set()
    for name in ("anna", "nobody", "off", "late"):
        answer = await log_in(scene, name, "some other long words", browser=browser)
        body = re.sub(r"[A-Za-z0-9_-]{43}", "", (await answer.text()).replace(name, "NAME"))
        told.add((answer.status, body, tuple(sorted(set(answer.headers) - {"Date"})), tuple(sorted(answer.cookies))))
    assert len(told) == 1
