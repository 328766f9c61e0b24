"""How a configuration has addresses proven: by which connector, in which words, and everything it may say wrongly."""

from pathlib import Path

import pytest

from config.problems import ConfigError
from desk.proof_words import WORDS
from desk.proofs import Proofs, Way
from normalizer.inbound import Handle
from normalizer.values import Invalid
from regia.compose import configure
from regia.links import Links
from regia.proving import address, proofs

CONFIG = """
links_key: ${KEY}
rules: [rules.yaml]
languages: [en, it]
connectors:
  mail:
    type: email
    brand: demo
    address: help@demo.example
    thread_key: ${KEY}
    smtp: {host: mail.demo.example}
  archive: {type: email, brand: demo, address: old@demo.example}
  sms:
    type: twilio
    account_sid: AC00000000000000000000000000000000
    auth_token: ${KEY}
    accounts: {"+390212345678": {brand: casa}, "+390287654321": {brand: demo}}
  form: {type: web_form, brand: demo}
identity:
  codes: %s
"""


def read(folder: Path, codes: str, key: str = "key-of-links") -> Proofs:
    (folder / "regia.yaml").write_text(CONFIG % codes)
    (folder / "rules.yaml").write_text("categories: {general: {label: All}}\ndefault: general\n")
    settings = configure(folder / "regia.yaml", {"KEY": key}).settings
    return proofs(settings, Links("https://regia.example/base/", b"k"))


def wrong(folder: Path, codes: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read(folder, codes)
    return [str(problem).partition(": identity.codes")[2] for problem in refused.value.problems]


def test_without_a_word_nothing_can_be_sent(tmp_path: Path) -> None:
    found = read(tmp_path, "{}")
    assert (found.brand("demo").ways, found.brand("demo").name, found.language) == ({}, "demo", "en")
    assert found.link("x.y") == "https://regia.example/base/proof/x.y"
    assert (found.rules.an_hour_of_a_space, found.rules.attempts) == (300, 5)


def test_a_brand_has_its_own_before_what_all_have(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
    name: Negozi
    email: mail
    phone: sms
    phone_account: "+390287654321"
    an_hour: 7
    texts: {it: {code: "A {code}", subject: Prova}, de: {code: "B {code}"}}
    brands:
      casa:
        name: Casa & Co
        phone: sms
        phone_account: "+390212345678"
        texts: {it: {code: "C {code}"}}""",
    )
    demo, casa = found.brand("demo"), found.brand("casa")
    assert (demo.name, casa.name, found.rules.an_hour_of_a_space) == ("Negozi", "Casa & Co", 7)
    assert demo.ways == {"email": Way(connector="mail"), "phone": Way(connector="sms", account="+390287654321")}
    assert casa.ways == {"email": Way(connector="mail"), "phone": Way(connector="sms", account="+390212345678")}
    assert (demo.words["it"].code, casa.words["it"].code, casa.words["it"].subject) == ("A {code}", "C {code}", "Prova")
    assert (casa.words["it"].link, casa.words["en"]) == (WORDS["it"].link, WORDS["en"])
    assert (demo.words["de"].code, demo.words["de"].link) == ("B {code}", WORDS["en"].link)


WRONG = [
    ("{email: nowhere}", [".email: there is no connector of this name"]),
    ("{email: form}", [".email: this connector cannot send"]),
    ("{email: archive}", [".email: this connector cannot send: it has no smtp"]),
    ("{phone: mail}", [".phone: this connector sends to mail addresses only"]),
    ("{brands: {demo: {phone: mail}}}", [".brands.demo.phone: this connector sends to mail addresses only"]),
    ("{phone: sms}", [".phone_account: name one of the connector's accounts"]),
    ("{phone: sms, phone_account: '+391'}", [".phone_account: name one of the connector's accounts"]),
    ("{brands: {dmeo: {email: mail}}}", [".brands.dmeo: no connector has this brand"]),
    ("{brands: {demo: {brands: {}}}}", [".brands.demo.brands: is not a known key"]),
    ("{texts: {it: {code: 'Ciao'}}}", [".texts.it.code: {code} is missing: the customer would get nothing to answer with"]),
    ("{texts: {it: {subject: '{code}'}}}", [".texts.it.subject: name in braces only: brand"]),
    ("{texts: {it: {link: '{link'}}}", [".texts.it.link: a brace stands alone: write {{ and }} for braces themselves"]),
    ("{an_hour: 0}", [".an_hour: must be greater than or equal to 1"]),
]


@pytest.mark.parametrize(("codes", "problems"), WRONG, ids=[codes for codes, _ in WRONG])
def test_what_is_wrong_has_its_place(tmp_path: Path, codes: str, problems: list[str]) -> None:
    found = wrong(tmp_path, codes)
    assert [one.partition(" (did you")[0] for one in found] == problems


def test_secrets_are_kept_under_a_key_of_their_own(tmp_path: Path) -> None:
    one, same, other = [read(tmp_path, "{}", key).rules.key for key in ("k1", "k1", "k2")]
    assert one == same != other
    assert len(one) == 32
    assert b"k1" not in one


@pytest.mark.parametrize(
    ("kind", "value", "known"),
    [
        ("email", "Anna@Example.it", "anna@example.it"),
        ("phone", "+39 333 1234567", "+393331234567"),
        ("telegram_user", "Bot:7", "Bot:7"),
        ("crm", "K-1", "K-1"),
    ],
)
def test_an_address_is_what_envelopes_have(kind: str, value: str, known: str) -> None:
    assert address(kind, value, "agent") == Handle(kind, known, "agent")


@pytest.mark.parametrize(("kind", "value"), [("email", "anna"), ("phone", "333 1234567"), ("phone", "+39"), ("phone", "x")])
def test_what_is_no_address(kind: str, value: str) -> None:
    with pytest.raises(Invalid):
        address(kind, value, "claimed")
