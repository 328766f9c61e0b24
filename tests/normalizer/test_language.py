import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from normalizer.language import detect

LANGUAGES = ("it", "en", "de", "fr", "es")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vorrei restituire la padella che ho comprato", "it"),
        ("I would like to return the pan I bought", "en"),
        ("Wo ist mein Paket geblieben?", "de"),
        ("WO IST MEIN PAKET GEBLIEBEN", "de"),
        ("Bonjour, où est ma commande ?", "fr"),
        ("Hola, ¿dónde está mi pedido?", "es"),
        ("Ordine IT-2231: la padella è arrivata rotta https://shop.example/en/order/where-is-my-order", "it"),
        ("注文した商品がまだ届きません", None),  # not one of the configured
        ("Gdzie jest moja paczka? Proszę o szybką odpowiedź", None),
        ("ok", None),
        ("Ciao", None),  # too short to be sure
        ("4711 4712 +39 333 1234567", None),
        ("https://shop.example/return/the/pan anna@example.it", None),
        ("😀😀😀😀😀😀😀😀😀😀😀😀", None),
        ("", None),
    ],
)
def test_detect(text: str, expected: str | None) -> None:
    assert detect(text, LANGUAGES, None) == expected


@pytest.mark.parametrize(
    ("text", "allowed", "declared", "expected"),
    [
        ("Vorrei un rimborso per la padella", ("it", "en"), "en", "en"),  # the channel's word comes first
        ("Vorrei un rimborso per la padella", ("it", "en"), "en_US", "en"),
        ("Vorrei un rimborso per la padella", ("it-IT", "en-GB"), None, "it-IT"),
        ("Vorrei un rimborso per la padella", ("it", "en"), "ja", "it"),
        ("Vorrei un rimborso per la padella", ("en", "de"), None, None),
        ("注文した商品がまだ届きません", ("it", "ja"), None, "ja"),
        ("Vorrei un rimborso per la padella", (), "it", None),
        ("ciao", ("it",), "it", "it"),
    ],
)
def test_declared_and_configured(text: str, allowed: tuple[str, ...], declared: str | None, expected: str | None) -> None:
    assert detect(text, allowed, declared) == expected


def test_threads_agree_and_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    text = "Vorrei restituire la padella che ho comprato. " * 100
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: detect(text, LANGUAGES, None), range(64)))
    assert found == {"it"}
    assert caplog.records == []
