"""From a question to a proven address: what is queued for whom, in which words, and what a right answer does."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from desk import proof_words, proofs
from desk.proof_words import WORDS, Words
from desk.proofs import BrandProofs, Decided, Proofs, Wanted, Way
from identity.challenges import Asked, Method, Rules
from identity.policy import Policy
from identity.proof_refusals import ProofRefused
from identity.refusals import NotPossible
from normalizer.inbound import Handle
from storage.database import Database
from storage.schema import audit, challenges, handles, outgoing, suggestions
from storage.schema import customers as customers_
from tests.customers import add_customer

NOW = 1_790_000_000_000
MINUTE = 60_000
ANNA = Handle("email", "anna@example.it", "claimed")
MOBILE = Handle("phone", "+393331234567", "claimed")


def brand(name: str, words: Mapping[str, Words] = WORDS) -> BrandProofs:
    ways = {"email": Way(connector="mail"), "phone": Way(connector="sms", account="+390212345678")}
    return BrandProofs(name=name.capitalize(), ways={} if name == "mute" else ways, words=words)


@pytest.fixture
def known() -> Proofs:
    return Proofs(
        rules=Rules(key=b"k"),
        policy=Policy(),
        brand=brand,
        link=lambda token: f"https://regia.example/proof/{token}",
        language="it",
    )


@pytest.fixture(autouse=True)
async def customers(database: Database) -> None:
    def work(connection: Connection) -> None:
        add_customer(connection, "cus_1", standing="verified", first_seen_ms=2)
        add_customer(connection, "cus_2", standing="verified", first_seen_ms=1)
        add_customer(connection, "cus_claims")
        add_customer(connection, "cus_en", language="en")
        add_customer(connection, "cus_mute", space="mute")

    await database.write(work)


async def begin(
    database: Database,
    known: Proofs,
    handle: Handle = ANNA,
    method: Method = "code",
    *,
    customer: str = "cus_1",
    language: str | None = None,
) -> tuple[Asked, Any]:
    """What was asked, and its message out."""
    wanted = Wanted(customer_id=customer, handle=handle, method=method, actor="token/site", language=language)
    asked = await database.write(lambda connection: proofs.begin(connection, wanted, known, NOW))
    query = select(outgoing).where(outgoing.c.author == f"challenge/{asked.id}")
    return asked, await database.read(lambda connection: connection.execute(query).mappings().one())


async def answer(database: Database, known: Proofs, id_: str, typed: str) -> Any:
    return await database.write(lambda connection: proofs.answer(connection, id_, typed, known, NOW))


async def confirm(database: Database, known: Proofs, token: str) -> Any:
    return await database.write(lambda connection: proofs.confirm(connection, token, known, NOW))


async def links(database: Database) -> list[tuple[str, str, str, str, str]]:
    """Who owns what, by which proof and evidence, and whose home it is."""
    own = [handles.c[name] for name in ("customer_id", "value", "proof", "evidence", "home_id")]
    query = select(*own).where(handles.c.key.is_not(None)).order_by(handles.c.since_ms, handles.c.id)
    return [tuple(row) for row in await database.read(lambda connection: connection.execute(query).all())]


async def audited(database: Database) -> list[tuple[str, str, str]]:
    query = select(audit.c.action, audit.c.actor, audit.c.customer_id).order_by(audit.c.position)
    return [tuple(row) for row in await database.read(lambda connection: connection.execute(query).all())]


async def test_a_code_goes_to_the_address_alone(database: Database, known: Proofs) -> None:
    asked, row = await begin(database, known)
    assert (row["connector"], row["account"], row["brand"]) == ("mail", None, "demo")
    assert (row["handle_kind"], row["handle_value"], row["handle_proof"]) == ("email", "anna@example.it", "claimed")
    assert (row["message_id"], row["conversation_id"], row["html"]) == (None, None, None)
    assert (row["automatic"], row["secret"], row["state"]) == (True, True, "queued")
    assert (row["created_ms"], row["due_ms"], row["until_ms"]) == (NOW, NOW, NOW + 10 * MINUTE)
    assert row["text"] == (
        f"{asked.secret} è il tuo codice per Demo. Vale 10 minuti. Se non l'hai chiesto tu, non darlo a nessuno."
    )
    assert row["subject"] == "Demo: conferma il tuo indirizzo"


async def test_a_number_gets_it_from_its_account_without_a_subject(database: Database, known: Proofs) -> None:
    _, row = await begin(database, known, MOBILE)
    assert (row["connector"], row["account"], row["subject"]) == ("sms", "+390212345678", None)
    assert len(row["text"]) <= 160, "one SMS"


async def test_a_link_is_where_it_is_confirmed(database: Database, known: Proofs) -> None:
    asked, row = await begin(database, known, method="link")
    [address] = re.findall(r"\S*https://\S+", row["text"])
    token = address.removeprefix("https://regia.example/proof/")
    assert re.fullmatch(r"[0-9A-Z]{26}\.[A-Za-z0-9_-]{43}", token)
    assert "24 ore" in row["text"]
    shown = await database.read(lambda connection: proofs.look(connection, token, known, NOW))
    assert shown is not None
    assert (shown.handle, shown.refusal, await links(database)) == (ANNA, None, [])
    assert (await confirm(database, known, token)).outcome == "linked"
    assert await links(database) == [("cus_1", "anna@example.it", "verified", f"challenge/{asked.id}", "cus_1")]
    assert await confirm(database, known, token) == "already_used"


async def test_a_right_answer_links_with_its_evidence(database: Database, known: Proofs) -> None:
    asked, _ = await begin(database, known)
    proved = await answer(database, known, asked.id, asked.secret)
    assert (proved.outcome, proved.customer_id) == ("linked", "cus_1")
    assert await links(database) == [("cus_1", "anna@example.it", "verified", f"challenge/{asked.id}", "cus_1")]
    assert await audited(database) == [(action, "token/site", "cus_1") for action in ("asked", "proven", "linked")]


async def prove(database: Database, known: Proofs, customer: str, handle: Handle = ANNA) -> Any:
    asked, _ = await begin(database, known, handle, customer=customer)
    return await answer(database, known, asked.id, asked.secret)


async def test_two_who_prove_one_address_are_one(database: Database, known: Proofs) -> None:
    assert [(await prove(database, known, one)).outcome for one in ("cus_1", "cus_2", "cus_1")] == [
        *("linked", "merged"),
        "known",
    ]
    assert [link[0] for link in await links(database)] == ["cus_2"], "who was seen first is on top"


async def test_a_guard_leaves_it_to_a_person(database: Database, known: Proofs) -> None:
    await prove(database, known, "cus_1")
    named = {"cus_1": "Anna Bianchi", "cus_2": "Giuseppe Verdi"}
    for id_, name in named.items():
        this = update(customers_).where(customers_.c.id == id_).values(name=name)
        await database.write(lambda connection, this=this: connection.execute(this))  # type: ignore[misc]  # bound now
    proved = await prove(database, known, "cus_2")
    assert (proved.outcome, proved.guard, proved.customer_id) == ("suggested", "names_differ", "cus_2")
    assert [link[0] for link in await links(database)] == ["cus_1"]
    [made] = await database.read(lambda connection: connection.execute(select(suggestions)).mappings().all())
    assert (made["reason"], made["evidence"].startswith("challenge/chl_")) == ("names_differ", True)


async def test_who_has_claims_only_proves_beside_them(database: Database, known: Proofs) -> None:
    """Anybody may have made the claims: a proof does not make them the owner's."""
    proved = await prove(database, known, "cus_claims")
    assert proved.outcome == "linked"
    assert proved.customer_id not in ("cus_claims", "cus_1")
    [link] = await links(database)
    assert (link[0], link[4]) == (proved.customer_id, proved.customer_id)


async def test_an_address_of_many_is_not_even_asked(database: Database, known: Proofs) -> None:
    with pytest.raises(NotPossible) as refused:
        await begin(database, known, Handle("email", "info@example.it", "claimed"))
    assert refused.value.reason == "shared_handle"
    assert await database.read(lambda connection: connection.execute(select(outgoing.c.id)).all()) == []


async def test_one_address_too_many_is_refused_and_the_code_not_used_up(database: Database, known: Proofs) -> None:
    strict = replace(known, policy=Policy(caps={"email": 1}))
    await prove(database, strict, "cus_1")
    asked, _ = await begin(database, known, Handle("email", "eva@example.it", "claimed"))
    with pytest.raises(NotPossible) as refused:
        await answer(database, strict, asked.id, asked.secret)
    assert refused.value.reason == "handle_cap"
    assert (await answer(database, known, asked.id, asked.secret)).outcome == "linked"


@pytest.mark.parametrize("how", ["{} {}", " {}-{}\n", "{}\u00a0{}", "{}.{}"])
async def test_a_code_may_be_typed_as_people_type(database: Database, known: Proofs, how: str) -> None:
    asked, _ = await begin(database, known)
    typed = how.format(asked.secret[:3], asked.secret[3:])
    assert (await answer(database, known, asked.id, typed)).outcome == "linked"


async def test_a_code_may_have_the_digits_of_another_keyboard(database: Database, known: Proofs) -> None:
    asked, _ = await begin(database, known)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in asked.secret)
    assert (await answer(database, known, asked.id, wide)).outcome == "linked"


async def test_a_wrong_answer_links_nothing_and_is_counted(database: Database, known: Proofs) -> None:
    asked, _ = await begin(database, known)
    assert await answer(database, known, asked.id, "no") == "wrong_code"
    assert await confirm(database, known, f"{asked.id[4:]}.{asked.secret}") == "unknown_challenge"
    assert await links(database) == []
    attempts = select(challenges.c.attempts)
    assert await database.read(lambda connection: connection.execute(attempts).scalar_one()) == 1


@pytest.mark.parametrize(("customer", "reason"), [("cus_mute", "cannot_send"), ("cus_nobody", "unknown_customer")])
async def test_what_cannot_be_sent_is_not_asked(database: Database, known: Proofs, customer: str, reason: str) -> None:
    with pytest.raises(ProofRefused) as refused:
        await begin(database, known, customer=customer)
    assert refused.value.reason == reason

    def kept(connection: Connection) -> list[Any]:
        return [*connection.execute(select(challenges.c.id)), *connection.execute(select(outgoing.c.id))]

    assert await database.read(kept) == []


@pytest.mark.parametrize(
    ("customer", "language", "spoken"),
    [
        ("cus_1", None, "it"),
        ("cus_1", "en", "en"),
        ("cus_en", None, "en"),
        ("cus_en", "it", "it"),
        ("cus_1", "ja", "it"),
        ("cus_en", "ja", "en"),
    ],
)
async def test_in_which_language(database: Database, known: Proofs, customer: str, language: str | None, spoken: str) -> None:
    _, row = await begin(database, known, customer=customer, language=language)
    assert row["subject"] == WORDS[spoken].subject.format(brand="Demo")


async def test_nobodys_language_is_english(database: Database, known: Proofs) -> None:
    _, row = await begin(database, replace(known, language="de"))
    assert row["subject"] == "Demo: confirm your address"


async def test_words_of_ones_own(database: Database, known: Proofs) -> None:
    own = {"de": Words(subject="{brand} {{x}}", code="Code {code} von {brand} für {minutes} Min.", link="{link}")}
    asked, row = await begin(database, replace(known, brand=lambda name: brand(name, WORDS | own)), language="de")
    assert (row["subject"], row["text"]) == ("Demo {x}", f"Code {asked.secret} von Demo für 10 Min.")


async def test_a_persons_word_is_an_agents_proof(database: Database, known: Proofs) -> None:
    said = Decided(
        customer_id="cus_1", handle=Handle("whatsapp_user", "7", "agent"), actor="token/desk", reason="showed her phone"
    )
    proved = await database.write(lambda connection: proofs.decide(connection, said, known, NOW))
    assert (proved.outcome, proved.customer_id) == ("linked", "cus_1")
    assert await links(database) == [("cus_1", "7", "agent", "token/desk: showed her phone", "cus_1")]
    assert await audited(database) == [("linked", "token/desk", "cus_1")]


@pytest.mark.parametrize("language", WORDS)
def test_the_usual_words_can_be_filled(language: str) -> None:
    words = WORDS[language]
    assert [proof_words.problem(piece, getattr(words, piece)) for piece in proof_words.PLACES] == [None] * 3


@pytest.mark.parametrize(
    ("piece", "text", "wrong"),
    [
        ("code", "{code}", None),
        ("code", "Il codice", "{code} is missing"),
        ("code", "{code} {name}", "name in braces only: brand, code, minutes"),
        ("code", "{code.__class__}", "name in braces only"),
        ("code", "{code!r}", "name in braces only"),
        ("code", "{code:>9}", "name in braces only"),
        ("code", "{}", "name in braces only"),
        ("code", "{code", "a brace stands alone"),
        ("code", "{{code}}", "{code} is missing"),
        ("link", "{link} {hours}", None),
        ("link", "{code}", "name in braces only"),
        ("subject", "Ciao", None),
        ("subject", "{code}", "name in braces only: brand"),
    ],
)
def test_what_a_text_may_name(piece: Any, text: str, wrong: str | None) -> None:
    found = proof_words.problem(piece, text)
    assert found is None if wrong is None else found is not None and found.startswith(wrong)
