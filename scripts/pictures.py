"""The pictures of the documentation: `python -m scripts.pictures`, or `make pictures`. Each is of real programs at work.

It needs what the tests need: Chromium (`scripts/test-deps.sh`) and Roundup (`scripts/ticket-systems.sh`).
"""

import tempfile
import time
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from playwright.sync_api import sync_playwright

from scripts import console_pictures, customer_pictures
from tests.e2e.gateway import EMBEDDED, Gateway
from tests.servers.roundup import PASSWORD, RoundupServer

PICTURES: Final = Path(__file__).parents[1] / "docs" / "pictures"
_SECONDS: Final = 60.0
_CONFIG: Final = """
data: {make_secrets: true}
links_key: file:links-key
rules: [rules.yaml]
connectors:
  site-form:
    type: web_form
    brand: masterpro
    title: {it: Scrivici}
    fields:
      name: {type: text, label: {it: Nome}}
      email: {type: email, label: {it: E-mail}}
      order: {type: text, label: {it: Numero d'ordine}}
      message: {type: text, multiline: true, label: {it: Messaggio}}
    message_field: message
bridges:
  helpdesk:
    type: roundup
    queues: [masterpro.returns]
    url: ${TRACKER}
    user: regia
    password: ${PASSWORD}
    answers: marked
    mark: "@customer"
    every_seconds: 1
"""
_RULES: Final = """
categories: {returns: {label: Resi}}
default: returns
rules:
  - {name: broken, when: {text: {words: [rotta]}}, then: {priority: 5, tags: [damaged]}}
"""


def main(pictures: Path = PICTURES) -> None:
    """Write all of them."""
    pictures.mkdir(exist_ok=True)
    console_pictures.draw(pictures)
    customer_pictures.draw(pictures)
    tickets(pictures)


def tickets(pictures: Path) -> None:
    """Write the one of a tracker that a bridge works with."""
    with (
        tempfile.TemporaryDirectory(prefix="regia-pictures-") as folder,
        RoundupServer.start(Path(folder, "roundup")) as tracker,
    ):
        path = Path(folder, "regia.yaml")
        path.write_text(_CONFIG)
        path.with_name("rules.yaml").write_text(_RULES)
        gateway = Gateway(Path(folder, "gateway"), EMBEDDED, config=path, TRACKER=tracker.url, PASSWORD=PASSWORD)
        gateway.start()
        try:
            _contacts(gateway, tracker)
            _ticket(tracker, pictures / "roundup.png")
        finally:
            gateway.kill()


def _contacts(gateway: Gateway, tracker: RoundupServer) -> None:
    """A customer writes twice, and agents in between: one of them an answer, which a form alone cannot carry."""
    _write(gateway, "Buongiorno, la padella è arrivata rotta. Vorrei restituirla.")
    _until(gateway, tracker, 1)
    tracker.answer("marco", "issue1", "Difetto noto del lotto 24, c'è in magazzino.")
    tracker.answer(
        "giulia", "issue1", "@customer Buongiorno Anna, la sostituiamo. Riceverà l'etichetta per il reso.", assignedto="4"
    )
    _write(gateway, "Grazie! Quando arriva il corriere?")
    _until(gateway, tracker, 5)


def _write(gateway: Gateway, text: str) -> None:
    fields = {"name": "Anna Bianchi", "email": "anna@example.it", "order": "IT-2231", "message": text}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = gateway.request("POST", "/forms/site-form", urlencode(fields).encode(), headers)
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise RuntimeError(f"the form was answered with {answer.status}: {answer.body!r}")


def _until(gateway: Gateway, tracker: RoundupServer, messages: int) -> None:
    until = time.monotonic() + _SECONDS
    while not tracker.numbers() or len(tracker.issue("issue1")["texts"]) < messages:
        if time.monotonic() > until:
            raise RuntimeError(f"the tracker did not get what was written\n{gateway.tail()}")
        time.sleep(0.2)


def _ticket(tracker: RoundupServer, path: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.goto(tracker.url)
        page.fill("input[name=__login_name]", "giulia")
        page.fill("input[name=__login_password]", PASSWORD)
        page.press("input[name=__login_password]", "Enter")
        page.wait_for_load_state()
        page.goto(f"{tracker.url}issue1")
        page.screenshot(path=path, full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
