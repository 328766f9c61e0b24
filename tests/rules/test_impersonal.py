"""What tells who somebody is, out of the texts of tests that are kept with rules."""

import pytest

from regia.rules.impersonal import Names

DATA = {
    "sender": {
        "name": "Anna Bianchi",
        "handle": {"kind": "email", "value": "a.rossini@example.it"},
        "aliases": [],
        "claims": [{"kind": "phone", "value": "+393331234567"}],
    },
    "customer": {"name": "Anna di Bianchi-Zoè"},
    "contacts": [{"name": "Marco"}],
}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Vorrei un rimborso per IT-2231", "Vorrei un rimborso per IT-2231"),
        ("Sono anna BIANCHI, Zoe e Marco", "Sono Nome Nome, Nome e Nome"),
        ("di giorno", "di giorno"),
        ("rossini ha scritto", "Nome ha scritto"),
        ("annata", "annata"),
        ("da gino+x@posta.example.it a me", "da nome@example.com a me"),
        ("al 333 123.4567 o +39-02-1234567", "al 000 000.0000 o +00-00-0000000"),
        ("ordine 123456", "ordine 123456"),
        ("IBAN IT60X0542811101000000123456", "IBAN XX00X0000000000000000000000"),
        ("RSSMRA80A01H501U", "XXXXXX00X00X000X"),
        ("vedi https://shop.example/o/7?mail=x", "vedi https://shop.example/…"),
    ],
)
def test_what_is_replaced(said: str, kept: str) -> None:
    assert Names.of(DATA).without(said) == kept
