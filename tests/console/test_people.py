"""Passwords and people: what is taken, where hashing is done, who may be changed, and the first admin."""

import asyncio
import threading
import time

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Connection

from desk.staff import people
from desk.staff.passwords import MOST_WAITING, Passwords, TooMany, Weakness, one_time, weakness
from desk.staff.people import Change, NewPerson, NotDone
from desk.staff.roles import ROLES, may
from regia.runners.admitting import Admitting
from storage import staff
from storage.database import Database
from storage.staff import Staff
from tests.console.scene import HASHED, PASSWORD, QUICK, Scene
from tests.databases import database, filled_url, migrated_postgresql, postgresql_url

__all__ = ["database", "filled_url", "migrated_postgresql", "postgresql_url"]


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("elevenchars", "too_short"),
        ("x" * 201, "too_long"),
        ("password1234", "too_common"),
        ("P4ssw0rd!!!!", "too_common"),
        ("Estate2026!!", "too_common"),
        ("admin-admin-admin", "too_common"),
        ("123456789012", "too_common"),
        ("qwertyuiop12", "too_common"),
        ("1q2w3e4r5t6z", "too_common"),
        ("abababababab", "too_common"),
        ("lkjhgfdsapoi", "too_common"),
        ("anna.bianchi.12", "is_name"),
        ("AnnaBianchi2026", "is_name"),
        ("rossirossi12", "is_name"),
        ("gatto verde sette mele", None),
        ("correct horse battery", None),
        ("passwords are a nuisance", None),
        ("μπλε σκύλος που τρέχει", None),
        ("7#kQ!x9$Lp2@w", None),
        pytest.param(one_time(), None, id="one of ours"),
    ],
)
def test_what_nobody_should_have_as_a_password(password: str, why: Weakness | None) -> None:
    assert weakness(password, names=("anna.bianchi", "Anna Bianchi", "rossi")) == why


def test_a_role_may_what_those_before_it_may() -> None:
    table = {(has, needed): may(has, needed) for has in ROLES for needed in ROLES}
    allowed = {("viewer", "viewer"), ("agent", "viewer"), ("agent", "agent"), *(("admin", role) for role in ROLES)}
    assert {pair for pair, is_allowed in table.items() if is_allowed} == allowed


async def test_hashing_does_not_hold_up_the_loop() -> None:
    passwords = Passwords(PasswordHasher(time_cost=3, memory_cost=32_768, parallelism=1))
    threads: list[str] = []
    real = passwords._hasher.hash
    passwords._verify = lambda *_: bool(threads.append(threading.current_thread().name) or real("x"))  # type: ignore[method-assign]
    gaps, last, ended = [], time.perf_counter(), asyncio.create_task(passwords.is_right(PASSWORD, None))
    begun = last
    while not ended.done():
        await asyncio.sleep(0)
        gaps.append(time.perf_counter() - last)
        last = time.perf_counter()
    assert threads == ["passwords-0"]
    assert len(gaps) > 20
    assert max(gaps) < (last - begun) / 2, "the loop went on meanwhile"


async def test_only_so_many_wait() -> None:
    passwords = Passwords(QUICK)
    gate = threading.Event()
    passwords._verify = lambda *_: gate.wait(10)  # type: ignore[method-assign]
    waiting = [asyncio.create_task(passwords.is_right(PASSWORD, None)) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await passwords.hash(PASSWORD)
    gate.set()
    assert await asyncio.gather(*waiting) == [True] * MOST_WAITING
    assert (await passwords.hash(PASSWORD)).startswith("$argon2id$")


def test_hashes_are_argon2id_with_parameters_of_the_rfc() -> None:
    hasher = Passwords()._hasher
    assert (hasher.type.name, hasher.memory_cost >= 65_536, hasher.time_cost >= 3) == ("ID", True, True)


def new(name: str, role: str = "agent") -> NewPerson:
    return NewPerson(name=name, display=name, role=role, password=HASHED)  # type: ignore[arg-type]


async def test_a_name_is_one_persons_however_it_is_written(database: Database) -> None:
    first = await database.write(lambda one: people.add(one, new("Straße.Anna")))
    assert first.name == "strasse.anna"
    for name, why in (
        (" STRASSE.anna ", "name_taken"),
        ("a b", "bad_name"),
        ("", "bad_name"),
        ("x" * 81, "bad_name"),
        ("a\n", "name_taken"),
    ):
        if name == "a\n":
            await database.write(lambda one: people.add(one, new("a")))
        with pytest.raises(NotDone, match=why):
            await database.write(lambda one, name=name: people.add(one, new(name)))  # type: ignore[misc]


LAST: list[Change] = [
    people.disable,
    lambda one, id_: people.give_role(one, id_, "agent"),
]


@pytest.mark.parametrize("change", LAST)
async def test_the_last_admin_stays(database: Database, change: Change) -> None:
    admin = await database.write(lambda one: people.add(one, new("anna", "admin")))
    other = await database.write(lambda one: people.add(one, new("marco", "admin")))
    agent = await database.write(lambda one: people.add(one, new("sara")))
    await database.write(lambda one: people.disable(one, other.id))
    with pytest.raises(NotDone, match="last_admin"):
        await database.write(lambda one: change(one, admin.id))
    await database.write(lambda one: change(one, agent.id))
    await database.write(lambda one: people.enable(one, other.id))
    await database.write(lambda one: change(one, admin.id))
    found = await database.read(staff.everybody)
    assert [person.name for person in found if person.role == "admin" and not person.disabled] == ["marco"]


@pytest.mark.parametrize("change", [*LAST, people.enable])
async def test_nobody_is_changed_who_is_not_there(database: Database, change: Change) -> None:
    with pytest.raises(NotDone, match="unknown_user"):
        await database.write(lambda one: change(one, "stf_none"))


async def test_the_first_admin_is_made_once_and_the_password_told_once(scene: Scene) -> None:
    told: list[str] = []
    runners = [Admitting(scene.gateway, tell=told.append) for _ in range(2)]
    await asyncio.gather(*(runner.admit() for runner in runners))
    await runners[0].admit()
    (line,) = told
    password = line.split("password", 1)[1].split()[0]
    (admin,) = await scene.gateway.stores.database.read(staff.everybody)
    assert (admin.name, admin.role, admin.must_change) == ("admin", "admin", True)
    assert await Passwords().is_right(password, admin.password)
    assert password not in admin.password
    assert "https://regia.example/console/" in line


async def test_where_somebody_is_there_no_first_admin_is_made(scene: Scene) -> None:
    await scene.person("anna", "viewer")
    told: list[str] = []
    await Admitting(scene.gateway, tell=told.append).admit()
    assert told == []


@pytest.mark.parametrize(
    ("name", "display", "told"),
    [
        ("marco", "Marco Neri", "Marco Neri"),
        ("marco", "", None),
        ("Marco", "  ", None),
        ("marco", "MARCO", None),
        ("marco.neri@shop.example", "", None),
        ("admin", "Admin", None),
    ],
)
async def test_customers_never_read_what_somebody_logs_in_with(
    database: Database, name: str, display: str, told: str | None
) -> None:
    person = NewPerson(name=name, display=display, role="agent", password=HASHED)
    made = await database.write(lambda one: people.add(one, person))
    assert people.name_for_customers(made) == told


async def test_several_nodes_make_one_first_admin(database: Database) -> None:
    def at_once(connection: Connection) -> Staff | None:
        return people.add_first(connection, HASHED, people.now_ms() + 1_000)

    made = await asyncio.gather(database.write(at_once), database.write_beside(at_once), database.write_apart(at_once))
    assert len([one for one in made if one is not None]) == 1
