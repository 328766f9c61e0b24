"""One described request: what is sent, and what its answer means."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from config.loader import read_included
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.errors import HttpFailed
from connectors.reading import Misshapen
from desk.bridges.base import BridgeError, Entry, SystemRefused, SystemUnavailable, TicketClosed, TicketGone
from desk.bridges.described.calling import Caller, Place
from desk.bridges.described.description import Description
from desk.bridges.described.moments import Times, minutes_since, of_header
from desk.bridges.described.reading import Rules
from desk.bridges.described.system import DescribedSystem
from desk.bridges.ways import Ways
from tests.bridges.described.test_descriptions import GOOD

NOW_MS = 1_780_000_000_000
ME = answer({"id": 7})
ENTRY = Entry(mark="m1", title="La padella", text="È rotta.")


def system(folder: Path, http: FakeHttp, description: str = GOOD) -> DescribedSystem:
    (folder / "small.yaml").write_text(description)
    place = Place(url="https://help.example/api", values={}, secrets={"token": SecretStr("t-1")})
    caller = Caller(http, read_included(folder / "small.yaml", Description), place)
    ways = Ways(agents=frozenset(), closed=frozenset(), reopened="")
    return DescribedSystem(caller, Rules(ways=ways), now_ms=lambda: NOW_MS)


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


async def test_what_is_sent(tmp_path: Path) -> None:
    http = FakeHttp(ME, answer({"id": 12}, 201))
    assert await system(tmp_path, http).open(ENTRY) == "12"
    _, call = http.calls
    assert (call.method, call.url) == ("POST", "https://help.example/api/tickets")
    assert call.headers["Authorization"] == "Bearer t-1"
    assert call.json == {"title": "La padella", "body": "È rotta. [regia:m1]"}, "no group is set"


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (200, None),
        (204, None),
        (301, SystemUnavailable),
        (400, SystemRefused),
        (401, SystemUnavailable),
        (403, SystemUnavailable),
        (404, TicketGone),
        (410, TicketGone),
        (413, SystemRefused),
        (418, TicketClosed),
        (422, SystemRefused),
        (429, SystemUnavailable),
        (500, SystemUnavailable),
    ],
)
async def test_what_a_status_means(tmp_path: Path, status: int, meaning: type[BridgeError] | None) -> None:
    rules = "  maybe: {status: answer.status}\n  outcomes: [{status: [418, 419], when: answer.closed, means: closed}]"
    description = changed("  maybe: {status: answer.status}", rules)
    http = FakeHttp(ME, answer({"status": "open", "closed": True}, status), answer({}, 201))
    act = system(tmp_path, http, description).add("12", ENTRY, reopens=True)
    if meaning is None:
        assert not await act
        return
    with pytest.raises(meaning) as told:
        await act
    assert type(told.value) is meaning


async def test_a_conflict_is_tried_again_from_the_first_step(tmp_path: Path) -> None:
    http = FakeHttp(ME, answer({"status": "done"}), answer([{"id": 3}]), answer({}, 409), answer([{"id": 4}]), answer({}))
    http._answers.append(answer({}, 201))
    assert await system(tmp_path, http).add("12", ENTRY, reopens=True)
    assert [call.json for call in http.calls if call.url.endswith("/moves") and call.json] == [{"id": 3}, {"id": 4}]


@pytest.mark.parametrize("refused", [False, True])
async def test_a_ticket_that_waits_takes_a_contact_also_where_it_goes_on_waiting(tmp_path: Path, *, refused: bool) -> None:
    moves = [answer([])] if refused else [answer([{"id": 3}]), answer({})]
    http = FakeHttp(ME, answer({"status": "pending"}), *moves, answer({}, 201))
    description = changed("closed: [done]", "closed: [done]\npaused: [pending]")
    assert not await system(tmp_path, http, description).add("12", ENTRY, reopens=False)
    assert http.calls[-1].json == {"body": "È rotta. [regia:m1]"}
    assert [call.json for call in http.calls if call.url.endswith("/moves") and call.json] == ([] if refused else [{"id": 3}])


async def test_a_conflict_that_stays_is_waited_for(tmp_path: Path) -> None:
    http = FakeHttp(ME, *[answer({}, 409)] * 5)
    with pytest.raises(SystemUnavailable, match="others are faster all the time: Small answers 409"):
        await system(tmp_path, http).open(ENTRY)


@pytest.mark.parametrize(("given", "seconds"), [("7", 7), ("0.5", 0.5), ("soon", None), ("a date", 90)])
async def test_retry_after_is_kept_to(tmp_path: Path, given: str, seconds: float | None) -> None:
    if given == "a date":
        given = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    http = FakeHttp(ME, answer({}, 429, {"Retry-After": given}))
    with pytest.raises(SystemUnavailable) as told:
        await system(tmp_path, http).open(ENTRY)
    assert told.value.after == (None if seconds is None else pytest.approx(seconds, abs=5))


async def test_no_answer_is_waited_for_and_one_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemUnavailable, match="Small gave no answer: timeout"):
        await system(tmp_path, FakeHttp(ME, HttpFailed("timeout", sent=True))).open(ENTRY)
    with pytest.raises(SystemRefused, match="too large"):
        await system(tmp_path, FakeHttp(ME, HttpFailed("too_large", sent=True))).open(ENTRY)


async def test_words_of_the_system_are_told_and_their_absence_breaks_nothing(tmp_path: Path) -> None:
    description = changed("name: Small", "name: Small\nreason: join(', ', answer.errors)")
    for body, told in (
        ({"errors": ["too", "long"]}, "Small answers 400: too, long (open)"),
        ("no", "Small answers 400 (open)"),
    ):
        with pytest.raises(SystemRefused) as refused:
            await system(tmp_path, FakeHttp(ME, answer(body, 400)), description).open(ENTRY)
        assert str(refused.value) == told


@pytest.mark.parametrize(("ticket", "url"), [("a/b?c", "/tickets/a%2Fb%3Fc"), ("è", "/tickets/%C3%A8")])
async def test_an_id_is_one_piece_of_the_address(tmp_path: Path, ticket: str, url: str) -> None:
    http = FakeHttp(ME, answer({}, 404))
    with pytest.raises(TicketGone):
        await system(tmp_path, http).add(ticket, ENTRY, reopens=True)
    assert http.calls[1].url == f"https://help.example/api{url}"


async def test_an_id_does_not_lead_upwards(tmp_path: Path) -> None:
    http = FakeHttp(ME)
    with pytest.raises(SystemRefused, match="would change the address"):
        await system(tmp_path, http).add("..", ENTRY, reopens=True)


@pytest.mark.parametrize(
    ("pages", "first", "headers", "url"),
    [
        ("{by: url, next: answer.next}", {"next": "https://help.example/api/tickets?p=2"}, {}, "?p=2"),
        ("{by: url, next: answer.next}", {"next": "/api/tickets?p=2"}, {}, "?p=2"),
        ("{by: link}", {}, {"Link": '<https://help.example/api/tickets?p=2>; rel="next"'}, "?p=2"),
        ("{by: cursor, next: answer.next}", {"next": "c2"}, {}, "?q=m1&page=c2"),
    ],
)
async def test_lists_go_on(tmp_path: Path, pages: str, first: dict[str, Any], headers: dict[str, str], url: str) -> None:
    description = changed("pages: {by: number}", f"pages: {pages}").replace(
        "list: answer\n  pages", "list: answer.rows\n  pages"
    )
    if "cursor" in pages:
        description = description.replace("{page}", "{cursor}")
    else:
        description = description.replace(', page: "{page}"', "")
    rows = [{"rows": [{"id": 1}], **first}, {"rows": [{"id": 2}]}]
    http = FakeHttp(ME, answer(rows[0], headers=headers), answer(rows[1]))
    assert await system(tmp_path, http, description).find("m1", 0) == ["1", "2"]
    assert http.calls[2].url == f"https://help.example/api/tickets{url}"


async def test_no_other_host_gets_our_credentials(tmp_path: Path) -> None:
    description = changed("pages: {by: number}", "pages: {by: url, next: answer.next}").replace(', page: "{page}"', "")
    description = description.replace("list: answer\n  pages", "list: answer.rows\n  pages")
    http = FakeHttp(ME, answer({"rows": [], "next": "https://evil.example/api/tickets?p=2"}))
    with pytest.raises(SystemRefused, match="names another host"):
        await system(tmp_path, http, description).find("m1", 0)


async def test_what_is_kept_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SystemRefused, match=r"open.keep.ticket: the answer has nothing there"):
        await system(tmp_path, FakeHttp(ME, answer({}, 201))).open(ENTRY)
    with pytest.raises(SystemUnavailable, match=r"find\[0\].list: the answer has no list there: is `url` right\?"):
        await system(tmp_path, FakeHttp(ME, answer(b"<html>"))).find("m1", 0)


async def test_a_text_that_is_too_long_is_cut_and_its_mark_stays(tmp_path: Path) -> None:
    http = FakeHttp(ME, answer({"id": 1}))
    long = Entry(mark="m1", title="x", text="è" * 70_000)
    await system(tmp_path, http, changed("name: Small", "name: Small\ntext_max: 2000")).open(long)
    body = http.calls[1].json["body"]
    assert body.endswith("(The rest is not here: it is longer than the ticket system takes.) [regia:m1]")
    assert len(body) == 2000 + len(" [regia:m1]")


@pytest.mark.parametrize(
    ("times", "given", "ms"),
    [
        (Times(), "2026-05-28T20:26:40Z", NOW_MS),
        (Times(), "2026-05-28T22:26:40.000+0200", NOW_MS),
        (Times(), 1_780_000_000, NOW_MS),
        (Times(), NOW_MS, NOW_MS),
        (Times(zone="Europe/Rome"), "2026-05-28 22:26:40", NOW_MS),
        (Times(read="%d.%m.%Y %H:%M:%S"), "28.05.2026 20:26:40", NOW_MS),
    ],
)
def test_times_are_read(times: Times, given: Any, ms: int) -> None:
    assert times.read_ms(given, "at") == ms


@pytest.mark.parametrize("given", ["yesterday", None, True, []])
def test_what_is_no_time_is_told(given: Any) -> None:
    with pytest.raises(Misshapen, match="at: expected a time"):
        Times().read_ms(given, "at")


@pytest.mark.parametrize(
    ("write", "text"),
    [
        ("iso", "2026-05-28T20:26:40Z"),
        ("unix", "1780000000"),
        ("unix_ms", "1780000000000"),
        ("%Y-%m-%d %H:%M", "2026-05-28 20:26"),
    ],
)
def test_times_are_written(write: str, text: str) -> None:
    assert Times(write=write).text(NOW_MS) == text


def test_clocks() -> None:
    assert minutes_since(NOW_MS - 61_000, NOW_MS) == 3
    assert minutes_since(NOW_MS + 5_000, NOW_MS) == 1
    assert of_header("Thu, 28 May 2026 20:26:40 GMT") == NOW_MS
    assert of_header("soon") is None
    assert of_header(None) is None
