"""The pages of users and of the audit log."""

from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from desk.staff.passwords import Passwords
from storage import staff, staff_audit
from storage.retention import Before, Done
from tests.console.scene import Scene, Somebody

HOSTILE = "\"'><script>alert(1)</script>&{{7*7}}"


async def the_admin(scene: Scene) -> Somebody:
    return await scene.logged_in(await scene.person("root.one", "admin"))


async def test_somebody_new_gets_a_password_that_is_shown_once(scene: Scene) -> None:
    admin = await the_admin(scene)
    answer = await scene.post("/users", admin, {"name": "Marco", "display": "Marco Neri", "role": "agent"})
    shown = LexborHTMLParser(await answer.text()).css_first(".secret")
    assert shown is not None
    marco = await scene.gateway.stores.database.read(lambda one: staff.named(one, "marco"))
    assert marco is not None
    assert (marco.display, marco.role, marco.must_change) == ("Marco Neri", "agent", True)
    assert await Passwords().is_right(shown.text(), marco.password)
    assert shown.text() not in await (await scene.get("/users", admin)).text()
    assert (await scene.audit(1))[0] == (admin.person and admin.person.id, "user.add", marco.id, "done")


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"name": "root.one", "role": "agent"}, 422, "C'è già un utente con questo nome."),
        ({"name": "a b", "role": "agent"}, 422, "Da 1 a 80 caratteri"),
        ({"name": HOSTILE, "role": "agent"}, 422, "Da 1 a 80 caratteri"),
        ({"name": "x", "role": "owner"}, 400, "La richiesta non si capisce"),
    ],
)
async def test_what_is_refused_says_why(scene: Scene, fields: dict[str, str], status: int, said: str) -> None:
    answer = await scene.post("/users", await the_admin(scene), fields)
    page = await answer.text()
    assert (answer.status, said in (LexborHTMLParser(page).text()), "<script>alert" in page) == (status, True, False)
    assert (await scene.audit(1))[0][3] != "done"


async def test_what_is_done_to_somebody_is_done_and_written_down(scene: Scene) -> None:
    admin, sara = await the_admin(scene), await scene.person("sara", "viewer")
    who = await scene.logged_in(sara)
    assert (await scene.post(f"/users/{sara.id}/role", admin, {"role": "agent"})).headers["Location"].endswith("said=done")
    assert "Operatore" in (await scene.page("/", who)).text(), "with the next request, without logging in again"
    await scene.post(f"/users/{sara.id}/logout", admin)
    assert (await scene.get("/", who)).status == 303
    again = await scene.logged_in(sara)
    await scene.post(f"/users/{sara.id}/disable", admin)
    assert (await scene.get("/", again)).status == 303
    await scene.post(f"/users/{sara.id}/enable", admin)
    answer = await scene.post(f"/users/{sara.id}/password", admin)
    assert "secret" in await answer.text()
    acts = ["user.password", "user.enable", "user.disable", "user.logout", "user.role"]
    assert [row[1:] for row in await scene.audit()] == [(act, sara.id, "done") for act in acts]


async def test_the_last_admin_cannot_lock_everybody_out(scene: Scene) -> None:
    admin = await the_admin(scene)
    assert admin.person is not None
    for act, fields in (("disable", {}), ("role", {"role": "viewer"})):
        answer = await scene.post(f"/users/{admin.person.id}/{act}", admin, fields)
        assert (answer.status, "ultimo amministratore" in await answer.text()) == (409, True)
    assert (await scene.post("/users/stf_none/disable", admin)).status == 404
    assert [row[3] for row in await scene.audit()] == ["unknown_user", "last_admin", "last_admin"]


async def test_the_audit_log_is_read_page_by_page_and_by_what_is_wanted(scene: Scene) -> None:
    admin = await the_admin(scene)
    assert admin.person is not None

    def fill(connection: Any) -> None:
        for number in range(150):
            row = {"staff_id": admin.person.id, "act": "user.role", "what": f"cus_{number}", "result": "done"}  # type: ignore[union-attr]
            staff_audit.note(connection, at_ms=number, **row)

    await scene.gateway.stores.database.write(fill)
    first = await scene.page("/audit", admin)
    assert len(first.css("tbody tr")) == 100
    (older,) = [link.attributes["href"] for link in first.css(".pager a")]
    second = await scene.page(f"/audit{older}", admin)
    assert len(second.css("tbody tr")) == 50
    one = await scene.page("/audit?what=cus_7&act=user.role", admin)
    assert [cell.text().strip() for cell in one.css("tbody td:nth-child(4)")] == ["cus_7"]
    assert (await scene.page("/audit?before=x&staff=%00", admin)).css("tbody tr")
    assert await scene.audit(1) == [(admin.person.id, "user.role", "cus_149", "done")], "to read it is not in it"


async def test_the_log_is_kept_for_so_long_as_is_said(scene: Scene) -> None:
    def fill(connection: Any) -> None:
        for at in range(1, 6):
            staff_audit.note(connection, at_ms=at, staff_id=None, act="login", what=f"stf_{at}", result="wrong")

    database = scene.gateway.stores.database
    await database.write(fill)
    done = await database.write(lambda one: staff_audit.old(one, Before(4, {}), (), 0))
    again = await database.write(lambda one: staff_audit.old(one, Before(4, {}), (), 0))
    assert (done, again) == (Done(3, ()), Done(0, None))
    assert [row[2] for row in await scene.audit()] == ["stf_5", "stf_4"]
