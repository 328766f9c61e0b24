"""Every address of the console against nobody and each role, with and without a token: what may be follows from the table of
addresses by the rule below, and from nothing else. A new line of the table is a new row here."""

import re
from itertools import product

import pytest

from desk.staff.roles import ROLES
from regia.http.console.entry import Entry
from regia.http.console.table import ENTRIES
from tests.console.scene import NOBODY, Scene, Somebody

WHO = (None, *ROLES)
OWN_RESULT = frozenset({200, 204, 303, 400, 401, 404, 409, 410, 415, 422, 429})
"""What a handler that was reached may answer to a request that says nothing."""


def expected(entry: Entry, role: str | None, token: str) -> str:
    """`in`, `to log in`, or `refused`: the rule, written a second time."""
    if entry.role == "anyone":
        return "in" if entry.method == "GET" or token == "right" else "refused"
    if role is None:
        return "to log in"
    if ("viewer", "agent", "admin").index(role) < ("viewer", "agent", "admin").index(entry.role):
        return "refused"
    return "in" if entry.method == "GET" or token == "right" else "refused"


def path_of(entry: Entry) -> str:
    return re.sub(r"\{\w+(?::[^}]*)?\}", "nothing", entry.path)


async def came_to(scene: Scene, entry: Entry, who: Somebody, token: str, *, htmx: bool = False) -> str:
    headers = {"HX-Request": "true"} if htmx else {}
    path = path_of(entry)
    if entry.method == "GET":
        answer = await scene.get(path, who, **headers)
    else:
        given = {"right": who.csrf, "wrong": "x" * 43, "none": ""}[token]
        answer = await scene.post(path, who, csrf=given, **headers)
    where = answer.headers.get("Location", "") or answer.headers.get("HX-Redirect", "")
    body = b"" if answer.content_type == "text/event-stream" else await answer.read()
    assert b"Traceback" not in body
    if entry.path == "/logout" and "Max-Age=0" in answer.headers.get("Set-Cookie", ""):
        return "in"
    if "/console/login" in where:
        assert answer.status == (401 if htmx else 303)
        return "to log in"
    if answer.status == 403:
        return "refused"
    assert answer.status in OWN_RESULT, (entry, answer.status, body)
    answer.close()
    return "in"


async def test_every_address_lets_in_whom_the_table_says(scene: Scene) -> None:
    people = {role: await scene.person(f"{role}.one", role) for role in ROLES}
    shared = {role: await scene.logged_in(person) for role, person in people.items()}
    for entry, role, token, htmx in product(ENTRIES, WHO, ("right", "wrong", "none"), (False, True)):
        if entry.method == "GET" and token != "right":
            continue
        if role is None:
            who = NOBODY if entry.role != "anyone" or entry.method == "GET" else await stranger(scene)
        else:
            who = shared[role]
        found = await came_to(scene, entry, who, token, htmx=htmx)
        assert found == expected(entry, role, token), (entry.method, entry.path, role, token, htmx)
        if role is not None and entry.method != "GET" and found == "in":
            shared[role] = await scene.logged_in(people[role])  # some of what is asked ends logins


async def stranger(scene: Scene) -> Somebody:
    """A browser with the log-in page open: its token is that of its cookie."""
    answer = await scene.get("/login")
    cookie = answer.cookies["__Host-regia_entry"].value
    return Somebody(None, cookie, cookie)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.method} {entry.path}")
def test_what_the_table_must_say(entry: Entry) -> None:
    if entry.role == "anyone":
        assert entry.path in ("/login", "/static/{name:.+}")
    assert entry.method == "GET" or entry.audit, "every change is in the audit log"
    assert entry.path.startswith("/")
    assert not (entry.nav and "{" in entry.path)


def test_the_table_has_every_address_once() -> None:
    assert len({(entry.method, entry.path) for entry in ENTRIES}) == len(ENTRIES)
    assert ENTRIES[-1].path == "/{rest:.*}", "what comes behind it is never reached"
