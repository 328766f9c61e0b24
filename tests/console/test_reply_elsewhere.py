"""A reply by mail to an address that the customer only typed, as into a chat while nobody was there."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import select

from desk.outbound import message
from normalizer.inbound import Handle, InboundMessage, Reply
from storage import outgoing_ends, outgoing_tries
from storage.outgoing import SENT
from storage.outgoing_tries import Tried
from storage.schema import handles, outgoing
from tests.console.people_of_a_shop import arrives, from_app, mail, owner
from tests.console.scene import Scene, Somebody, a_console
from tests.contacts import email, phone

pytestmark = pytest.mark.asyncio(loop_scope="module")

LUISA = "luisa.nuova@typed.example"
VISITOR, OTHER = "site:XBmfB6ed0MLypzp2Y", "site:QQmfB6ed0MLypzp2Z"
TEXT = "Gentile Luisa, la padella torna disponibile lunedì."


def in_chat(name: str, value: str, **more: Any) -> InboundMessage:
    visitor = Handle("chat", value, "verified")
    return from_app(name, visitor, channel="chat", account=None, reply=Reply(allowed=("text",)), **more)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> AsyncIterator[Scene]:
    async with a_console(tmp_path_factory.mktemp("console"), migrated_sqlite) as made:
        claims = (email(LUISA), email("marco@typed.example"), phone("+393385560999"))
        await arrives(made, "chat", in_chat("typed-1", VISITOR, claims=claims))
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def agent(scene: Scene) -> Somebody:
    return await scene.logged_in(await scene.person("giulia", "agent", display="Giulia"))


async def choices(scene: Scene, who: Somebody, id_: str) -> tuple[LexborHTMLParser, dict[str, str]]:
    """The page, and what each choice of an address says by its name."""
    page = await scene.page(f"/customers/{id_}", who)
    found = page.css(".elsewhere label")
    return page, {one.css_first("input").attributes["value"] or "": " ".join(one.text().split()) for one in found}


def typed(page: LexborHTMLParser, **more: str) -> dict[str, str]:
    hidden = page.css(".reply form input[type=hidden]")
    given = {str(one.attributes["name"]): one.attributes["value"] or "" for one in hidden}
    return {name: value for name, value in given.items() if name != "csrf"} | {"text": TEXT} | more


async def queued(scene: Scene) -> list[Any]:
    return list(await scene.gateway.stores.database.read(lambda one: one.execute(select(outgoing)).mappings().all()))


async def test_it_leaves_as_a_mail_that_begins_anew_and_proves_nothing(scene: Scene, agent: Somebody) -> None:
    id_ = await owner(scene, "chat", VISITOR)
    page, said = await choices(scene, agent, id_)
    assert [one.split()[0] for one in said.values()] == ["Chat", "E-mail", "E-mail"], "numbers are called, not written to"
    (name,) = [name for name, words in said.items() if LUISA in words]
    assert "dichiarato" in said[name]
    assert LUISA not in name
    assert "non è provato" in page.css_first(".elsewhere small").text()  # type: ignore[union-attr]
    answer = await scene.post(f"/customers/{id_}/reply", agent, typed(page, elsewhere=name))
    assert answer.status == 303, await answer.text()

    (row,) = await queued(scene)
    assert (row["connector"], row["handle_kind"], row["handle_value"], row["handle_proof"]) == (
        "mail",
        "email",
        LUISA,
        "claimed",
    )
    assert (row["subject"], row["text"], row["brand"]) == ("La tua richiesta a Casa Demo", TEXT, "demo")
    assert [act[2].endswith(" elsewhere") for act in await scene.audit() if act[1] == "customer.reply"] == [True]

    def leave(connection: Any) -> Any:
        (taken,) = outgoing_tries.claim(connection, "mail", "n1", now_ms=row["due_ms"], lost_ms=row["due_ms"] + 1, limit=9)
        outgoing_tries.settle(connection, "n1", [Tried(row=taken, values={"state": SENT, "ended_ms": row["due_ms"]})])
        return message(taken), outgoing_ends.untold(connection, "n1", 9, 0)

    mail, (ended,) = await scene.gateway.stores.database.write(leave)
    assert (mail.to, mail.text, mail.subject) == (Handle("email", LUISA, "claimed"), TEXT, row["subject"])
    assert (mail.in_reply_to, mail.references, mail.account) == (None, (), None)
    assert (ended.brand, ended.channel, ended.account) == ("demo", None, None)
    links = select(handles.c.customer_id).where(handles.c.value == LUISA)
    assert await scene.gateway.stores.database.read(lambda one: one.execute(links).all()) == []


async def test_only_to_what_this_customer_typed(scene: Scene, agent: Somebody) -> None:
    await arrives(scene, "chat", in_chat("typed-2", OTHER))
    id_, before = await owner(scene, "chat", OTHER), len(await queued(scene))
    _, names = await choices(scene, agent, await owner(scene, "chat", VISITOR))
    page, said = await choices(scene, agent, id_)
    assert said == {}
    for name in (*filter(None, names), LUISA, "x/0"):
        answer = await scene.post(f"/customers/{id_}/reply", agent, typed(page, elsewhere=name))
        assert answer.status == 422
        assert TEXT in await answer.text(), "what was typed stays"
    assert len(await queued(scene)) == before


async def test_the_choice_stays_whatever_comes_meanwhile(scene: Scene, agent: Somebody) -> None:
    """Another contact names the same address before the form is sent: it does not become somebody else's."""
    value, mine, other = "site:SSmfB6ed0MLypzp2Z", "anna.scelta@typed.example", "mario.terzo@typed.example"
    await arrives(scene, "chat", in_chat("typed-5", value, claims=(email(mine), email(other))))
    id_ = await owner(scene, "chat", value)
    page, said = await choices(scene, agent, id_)
    (name,) = [name for name, words in said.items() if mine in words]
    await arrives(scene, "chat", in_chat("typed-6", value, claims=(email(mine),)))
    assert (await scene.post(f"/customers/{id_}/reply", agent, typed(page, elsewhere=name))).status == 303
    assert (await queued(scene))[-1]["handle_value"] == mine


async def test_by_the_mailbox_that_it_came_to_it_begins_anew_too(scene: Scene, agent: Somebody) -> None:
    """Whoever is named in a mail gets nothing of its thread."""
    sender, named = "luigi@customers.example", "terzo@typed.example"
    await arrives(scene, "mail", mail("typed-7", sender, claims=(email(named),)))
    id_ = await owner(scene, "email", sender)
    page, said = await choices(scene, agent, id_)
    (name,) = [name for name, words in said.items() if named in words]
    assert (await scene.post(f"/customers/{id_}/reply", agent, typed(page, elsewhere=name))).status == 303
    row = (await queued(scene))[-1]

    def leave(connection: Any) -> Any:
        taken = outgoing_tries.claim(connection, "mail", "n1", now_ms=row["due_ms"], lost_ms=row["due_ms"] + 1, limit=9)
        return message(next(one for one in taken if one.id == row["id"]))

    left = await scene.gateway.stores.database.write(leave)
    assert (left.to.value, left.in_reply_to, left.references) == (named, None, ())
    assert left.subject == "La tua richiesta a Casa Demo"


async def test_not_to_an_address_of_our_own(scene: Scene, agent: Somebody) -> None:
    value = "site:RRmfB6ed0MLypzp2Z"
    await arrives(scene, "chat", in_chat("typed-4", value, claims=(email("help@demo.example"),)))
    id_, before = await owner(scene, "chat", value), len(await queued(scene))
    page, said = await choices(scene, agent, id_)
    (name,) = filter(None, said)
    answer = await scene.post(f"/customers/{id_}/reply", agent, typed(page, elsewhere=name))
    assert (answer.status, len(await queued(scene))) == (422, before)
    assert "È un nostro indirizzo" in await answer.text()


async def test_who_came_to_the_counter_can_be_written_to(scene: Scene, agent: Somebody) -> None:
    """The contact itself cannot be answered: nothing but the mail is offered, and it is chosen."""
    nick = Handle("nick", "counter-7", "verified")
    await arrives(scene, "desk", from_app("typed-3", nick, channel="api", claims=(email("rosa@typed.example"),)))
    id_ = await owner(scene, "nick", "counter-7")
    page, said = await choices(scene, agent, id_)
    assert [words.split()[0] for words in said.values()] == ["E-mail"]
    assert page.css_first(".elsewhere input[checked]") is not None
    answer = await scene.post(f"/customers/{id_}/reply", agent, typed(page, elsewhere=next(iter(said))))
    assert answer.status == 303, await answer.text()
    assert [row["handle_value"] for row in await queued(scene)][-1:] == ["rosa@typed.example"]


async def test_without_a_mailbox_that_can_send_nothing_is_offered(
    scene: Scene, agent: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regia.writing_elsewhere.mailbox", lambda gateway, brand: None)
    _, said = await choices(scene, agent, await owner(scene, "chat", VISITOR))
    assert said == {}
