"""What of a ticket's messages is an agent's answer, and never the bridge's own words."""

from pathlib import Path
from typing import Any

import pytest

from connectors.conformance.fake_http import FakeHttp, answer
from desk.bridges.base import SystemUnavailable
from desk.bridges.marks import Marks
from desk.bridges.written import answer_text
from tests.bridges.described.test_calling import ME, changed, system

SINCE = '{"at_ms":0}'


def said(number: int, user: int, text: str) -> dict[str, Any]:
    return {"id": number, "at": 1_780_000_000 + number, "user": user, "text": text}


BOTH = answer([said(1, 7, "Envelope: x"), said(2, 8, "Buongiorno.")])


async def test_a_check_that_fails_leaves_known_who_the_bridge_is(tmp_path: Path) -> None:
    made = system(tmp_path, FakeHttp(ME, answer({}, 503), BOTH))
    await made.check()
    with pytest.raises(SystemUnavailable):
        await made.check()
    assert [one.text for one in await made.written("12", SINCE, ())] == ["Buongiorno."]


async def test_a_check_that_runs_leaves_known_who_the_bridge_is(tmp_path: Path) -> None:
    """Answers are read by one loop, and contacts are taken, after a check, by another."""
    made = system(tmp_path, FakeHttp(ME, BOTH, ME))
    await made.check()
    http: Any = made._caller._http
    real = http.request
    found: list[str] = []

    async def meanwhile(*given: Any, **more: Any) -> Any:
        http.request = real
        found.extend([one.text for one in await made.written("12", SINCE, ())])
        return await real(*given, **more)

    http.request = meanwhile
    await made.check()
    assert found == ["Buongiorno."]


async def test_nothing_is_an_answer_while_nobody_can_tell_the_bridge_from_agents(tmp_path: Path) -> None:
    http = FakeHttp(answer({}), answer([said(1, 7, "Envelope: x")]))
    made = system(tmp_path, http, changed("keep: {me: answer.id}", "maybe: {me: answer.id}"))
    with pytest.raises(SystemUnavailable, match=r"kept\.me is not known"):
        await made.written("12", SINCE, ())


QUOTED = "Buongiorno.\n\nOn Sat Nov 28 00:03:38 2026, regia wrote:\n> Contacts before: 3\n> Envelope: x"
IN_HTML = "<p>Buongiorno.</p><blockquote>Contacts before: 3<br>Envelope: x</blockquote>"


@pytest.mark.parametrize("field", ["text", "html"])
async def test_what_an_agent_quotes_stays_in_the_ticket(tmp_path: Path, field: str) -> None:
    http = FakeHttp(ME, answer([said(1, 8, QUOTED if field == "text" else IN_HTML)]))
    made = system(tmp_path, http, changed("text: item.text", f"{field}: item.text"))
    assert [one.text for one in await made.written("12", SINCE, ())] == ["Buongiorno."]


@pytest.mark.parametrize(
    ("answers", "mark", "content", "text"),
    [
        ("all", "@internal", QUOTED, "Buongiorno."),
        ("all", "@internal", "Buongiorno.\n\n-- \n@internal", None),
        ("marked", "@customer", f"@customer {QUOTED}", "Buongiorno."),
        ("marked", "@customer", QUOTED, None),
    ],
)
def test_marks_are_read_where_something_is_quoted(answers: Any, mark: str, content: str, text: str | None) -> None:
    assert answer_text(content, Marks(answers, mark), is_html=False) == text
