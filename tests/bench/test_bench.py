"""The benchmark runs, its figures can be read, and nobody edits them by hand."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from bench import mails, report, webhooks
from bench.__main__ import MAILS, PARTS, Scale, main, measure
from bench.mails import Size
from bench.meter import Part
from bench.report import write
from bench.scenarios import SCENARIOS, Line, Run
from bench.servers import servers_of
from connectors.base import Request
from connectors.whatsapp import WhatsApp, WhatsAppSettings
from normalizer import mail
from scripts.check_figures import block, check, replaced
from scripts.check_figures import main as check_figures
from tests.bench.tables import amount, rows
from tests.mailcorpus import OLD, VOICES, Voice
from tests.servers.postgresql import PostgreSQLServer
from tests.servers.rabbitmq import RabbitMQServer

ROOT = Path(__file__).resolve().parents[2]
FACTS = {"date": "2026-11-21", "commit": "0123456789ab", "cores": "2", "python": "3.11.7"}
TINY = Scale(posts=64, rounds=1, skewed=False, seconds=0.001)


@pytest.mark.parametrize(
    ("only", "count"),
    [(("bare", "bridge", "held", "embedded"), 4), ((PARTS,), 11), ((MAILS,), 3)],
    ids=["throughput", "parts", "mails"],
)
def test_a_tiny_run_gives_figures(
    *, only: tuple[str, ...], count: int, rabbitmq: RabbitMQServer, postgresql: PostgreSQLServer, redis_url: str, tmp_path: Path
) -> None:
    lines, parts, sizes = measure(TINY, only, servers_of(rabbitmq, postgresql, redis_url), tmp_path)
    text = report.report(lines, parts, sizes, FACTS, sync=0.0003)
    assert "one fdatasync 300 µs" in text
    found = rows(text)
    assert len(found) == count
    for cells in found:
        figures = [amount(cell) for cell in cells if cell[:1].isdigit()]
        assert len(figures) >= 3
        assert all(figure >= 0 for figure in figures)
        assert amount(cells[2]) > 0


def test_ratios_are_to_the_bare_parts_and_the_median_round_is_shown() -> None:
    def run(rate: float) -> Run:
        return Run(posts=1, rate=rate, load_cpu=0.2, server_cpu=0.5, broker_cpu=0.1, database_cpu=0, median=0.001, worst=0.002)

    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    lines = [
        Line(scenario=by_name["bare"], senders="distinct", runs=(run(9_000), run(10_000), run(12_000))),
        Line(scenario=by_name["bridge"], senders="distinct", runs=(run(2_500),)),
        Line(scenario=by_name["rabbitmq"], senders="distinct", runs=(run(2_000), run(4_000), run(1_000))),
        Line(scenario=by_name["rabbitmq"], senders="skewed", runs=(run(1_000),)),
    ]
    found = rows(report.report(lines, [], [], FACTS, sync=0))
    assert [cells[2] for cells in found] == ["10,000", "2,500", "2,000", "1,000"]
    assert [cells[3] for cells in found] == ["9,000 to 12,000", "1", "1,000 to 4,000", "1"]
    assert [(cells[4], cells[5]) for cells in found] == [("1.00", "4.00"), ("0.25", "1.00"), ("0.20", "0.80"), ("0.10", "0.40")]
    assert [cells[6] for cells in found] == ["50", "200", "250", "500"]


def test_the_posts_are_signed_distinct_and_about_a_kilobyte() -> None:
    accounts = {webhooks.ACCOUNT: {"brand": "demo"}}
    given = {"type": "whatsapp", "app_secret": webhooks.SECRET, "verify_token": "t", "accounts": accounts}
    connector = WhatsApp("whatsapp", WhatsAppSettings.model_validate(given))
    keys, senders, sizes = set(), set(), []
    for post in webhooks.requests(300, "distinct", "test", "/webhooks/whatsapp"):
        head, body = post.split(b"\r\n\r\n", 1)
        headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
        now = datetime.now(UTC)
        request = Request(method="POST", url="", headers=headers, query={}, body=body, received_at=now)
        connector.verify(request)
        (message,) = connector.parse(request).messages
        keys.add(message.event_key)
        senders.add(message.sender.handle)
        sizes.append(len(body))
    assert len(keys) == len(senders) == 300
    assert 900 < sum(sizes) / 300 < 1_200


def test_skewed_senders_have_a_head_and_a_tail() -> None:
    counted: dict[str, int] = {}
    for body in webhooks.bodies(2_000, "skewed", "test"):
        sender = orjson.loads(body)["entry"][0]["changes"][0]["value"]["messages"][0]["from"]
        counted[sender] = counted.get(sender, 0) + 1
    top = max(counted.values())
    assert 40 < top < 140
    assert sum(times == 1 for times in counted.values()) > 50


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--quick", "--write"], "only a full run is written", id="quick figures are not kept"),
        pytest.param(["--only", "bare", "--write"], "only a full run is written", id="nor a part of them"),
        pytest.param(["--only", "bare,fast"], "fast: name some of bare, bridge", id="unknown name"),
    ],
)
def test_a_wrong_call_is_refused_before_anything_starts(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


PAGE = "# Page\n\n<!-- figures:performance sha256=old -->\nold\n<!-- /figures -->\n\nMore.\n"
TEXT = "Measured on 2026-11-21 at commit 0123456789ab: 2 cores, Python 3.11.7.\n\n| a | 1,234 |\n"


def test_what_the_program_writes_passes(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(PAGE)
    write(TEXT, FACTS, page)
    assert check_figures(tmp_path) == 0
    assert page.read_text().startswith("# Page\n\n<!-- figures:performance date=2026-11-21 commit=0123456789ab cores=2 ")
    assert page.read_text().endswith("<!-- /figures -->\n\nMore.\n")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        pytest.param("1,234", "9,234", "was changed after it was measured", id="a figure"),
        pytest.param("| a |", "| a  |", "was changed after it was measured", id="a blank"),
        pytest.param(
            "\n<!-- /figures -->", "\nMore.\n<!-- /figures -->", "was changed after it was measured", id="a line more"
        ),
        pytest.param("sha256=", "sha=", "was changed after it was measured", id="without a sum"),
        pytest.param("<!-- /figures -->", "", "needs its own `<!-- /figures -->`", id="not closed"),
        pytest.param("date=2026-11-21", "date=2027-01-01", "does not say date 2027-01-01", id="the marker's date"),
        pytest.param("figures:performance ", "figures:performance\n", "needs its own", id="a broken marker"),
    ],
)
def test_an_edit_is_caught(old: str, new: str, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = f"# Page\n\n{block('performance', TEXT, FACTS)}\n"
    assert list(check(page, "page.md")) == []
    assert page.count(old) == 1
    (tmp_path / "page.md").write_text(page.replace(old, new))
    assert check_figures(tmp_path) == 1
    assert re.search(rf"page\.md: .*{re.escape(fault)}", capsys.readouterr().err)


def test_two_blocks_are_checked_apart() -> None:
    page = f"{block('one', TEXT, FACTS)}\n\n{block('two', TEXT, FACTS)}\n"
    assert list(check(page, "page.md")) == []
    faults = list(check(page.replace("1,234", "1", 1), "page.md"))
    assert len(faults) == 1
    assert faults[0].startswith("page.md: figures:one: ")


def test_a_page_without_its_block_is_not_written() -> None:
    with pytest.raises(ValueError, match="0 blocks of figures:performance"):
        replaced("# Page\n", "performance", "new")


def test_the_figures_of_the_docs_are_as_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_figures(ROOT / "docs") == 0, capsys.readouterr().err


def test_a_part_is_told_in_microseconds_and_a_second() -> None:
    part = Part(what="normalise", messages=10, wall=250.0, cpu=200.0)
    (cells,) = rows(report.report([], [part], [], FACTS, sync=0))
    assert cells == ["normalise", "250.0", "200.0", "4,000"]


def test_mails_are_told_beside_the_standard_library() -> None:
    size = Size(what="typical", bytes=31_240, bare=2_000.0, here=500.0, apart=45.26)
    (cells,) = rows(report.report([], [], [size], FACTS, sync=0))
    assert cells == ["typical", "31.2", "2,000", "500", "0.25", "45.3", "0.02"]


@pytest.mark.parametrize(
    ("make", "least", "most", "files"),
    [(mails.small, 800, 1_500, 0), (mails.typical, 20_000, 40_000, 1), (mails.large, 4_900_000, 5_200_000, 3)],
)
def test_the_mails_are_what_they_are_called(make: Callable[[Voice, int], bytes], least: int, most: int, files: int) -> None:
    for number, voice in enumerate(VOICES):
        raw = make(voice, number)
        assert least < len(raw) < most
        read = mail.read(raw)
        assert isinstance(read, mail.Mail)
        assert len(read.attachments) == files
        assert read.text is not None
        assert OLD not in read.text
        assert mails.read_bare(raw) == 0


def test_a_few_chats_give_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chats", "--chats", "3", "--messages", "2", "--answers", "1", "--pause", "0"]) == 0
    told = capsys.readouterr().out
    assert [amount(row[1]) for row in rows(told)] == [6, 3]
    assert all(amount(cell) > 0 for row in rows(told) for cell in row[2:])
