"""One-time passwords: good for one log-in, and only for so long."""

import asyncio
import time

import pytest
import time_machine
from selectolax.lexbor import LexborHTMLParser

from desk.staff import people
from regia.console_settings import Console
from regia.runners.admitting import Admitting
from storage import staff
from tests.console.scene import HASHED, NOBODY, PASSWORD, QUICK, Scene
from tests.console.test_login import WRONG, log_in, opened

DAY = 24 * 3600
ENDED = "Questa password monouso è già stata usata o è scaduta."


async def given(scene: Scene, until_ms: int) -> staff.Staff:
    """Somebody whose one-time password is `PASSWORD`."""
    return await scene.person("anna", "admin", must_change=True, until_ms=until_ms)


async def told(answer_text: str) -> str:
    notice = LexborHTMLParser(answer_text).css_first("[role=alert]")
    assert notice is not None
    return notice.text()


async def test_it_lets_in_once_and_never_again(scene: Scene) -> None:
    anna = await given(scene, people.now_ms() + 60_000)
    first = await log_in(scene, "anna")
    assert (first.status, first.headers["Location"]) == (303, "/console/account")
    again = await log_in(scene, "anna")
    assert (again.status, scene.cookie in again.cookies) == (401, False)
    assert (await told(await again.text())).startswith(ENDED)
    assert [row[:2] + row[3:] for row in await scene.audit()] == [(None, "login", "ended"), (anna.id, "login", "done")]


async def test_of_several_who_have_it_one_is_let_in(scene: Scene) -> None:
    await given(scene, people.now_ms() + 60_000)
    browsers = [await opened(scene) for _ in range(3)]
    answers = await asyncio.gather(*(log_in(scene, "anna", browser=browser) for browser in browsers))
    assert sorted(answer.status for answer in answers) == [303, 401, 401]


async def test_it_ends_by_itself_and_only_who_has_it_is_told(scene: Scene) -> None:
    with time_machine.travel(time.time(), tick=True) as clock:
        await given(scene, people.now_ms() + DAY * 1000)
        clock.shift(DAY + 1)
        assert (await told(await (await log_in(scene, "anna")).text())).startswith(ENDED)
        assert await told(await (await log_in(scene, "anna", WRONG)).text()) == "Nome utente o password non corretti."
        admin = await scene.logged_in(await scene.person("root.one", "admin"))
        states = [one.text() for one in (await scene.page("/users", admin)).css("td:nth-child(4)")]
        assert states == ["password scaduta", "attivo"]


async def test_whoever_logged_in_with_it_chooses_another_which_stays(scene: Scene) -> None:
    await given(scene, people.now_ms() + 60_000)
    welcomed = await log_in(scene, "anna")
    cookie = f"{scene.cookie}={welcomed.cookies[scene.cookie].value}"
    page = LexborHTMLParser(await (await scene.get("/account", NOBODY, Cookie=cookie)).text())
    field = page.css_first("input[name=csrf]")
    assert field is not None
    fields = {"old": PASSWORD, "new": "nove lune sopra il mare", "again": "nove lune sopra il mare"}
    csrf = field.attributes["value"]
    assert (
        (await scene.post("/account/password", NOBODY, fields, csrf=csrf, Cookie=cookie))
        .headers["Location"]
        .endswith("changed")
    )
    assert (await log_in(scene, "anna", fields["new"])).status == 303
    assert (await log_in(scene, "anna", fields["new"])).status == 303


async def test_a_new_one_takes_the_place_of_one_that_ended(scene: Scene) -> None:
    anna = await given(scene, people.now_ms() - 1)
    assert (await log_in(scene, "anna")).status == 401
    until_ms, hashed = people.now_ms() + 60_000, QUICK.hash(WRONG)
    await scene.gateway.stores.database.write(lambda one: people.give_password(one, anna.id, hashed, until_ms=until_ms))
    assert (await log_in(scene, "anna", WRONG)).status == 303


async def test_the_first_admins_ends_too_and_the_line_says_how_to_get_another(scene: Scene) -> None:
    lines: list[str] = []
    await Admitting(scene.gateway, tell=lines.append).admit()
    assert "regia user password admin" in lines[0]
    admin = await scene.gateway.stores.database.read(lambda one: staff.named(one, "admin"))
    assert admin is not None
    assert admin.password_until_ms is not None
    assert abs(admin.password_until_ms - people.now_ms() - DAY * 1000) < 60_000


@pytest.mark.parametrize(("said", "ms"), [("24h", DAY * 1000), ("30m", 1_800_000), ("3d", 3 * DAY * 1000)])
def test_how_long_is_a_setting(said: str, ms: int) -> None:
    assert Console(one_time=said).one_time_ms == ms
    assert Console().one_time_ms == DAY * 1000


def test_one_that_says_no_end_is_over() -> None:
    """A row that some program wrote without an end lets nobody in for ever."""
    row = staff.Staff(
        id="stf_1", name="a", display="A", password=HASHED, role="admin", must_change=True, created_ms=1, changed_ms=1
    )
    assert people.is_over(row, 2)
