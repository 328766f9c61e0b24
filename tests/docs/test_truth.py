"""What the pages say about the code is what the code says: tables, examples, links, names of files, commands and addresses."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from config.document import read_yaml
from connectors.errors import REJECTIONS, MediaReason, QuarantineReason
from connectors.registry import CHANNELS
from desk.refusals import REFUSALS
from desk.reply_events import STATES
from dispatcher.base import Topology
from dispatcher.options import Also, Layout, QueueOptions
from dispatcher.topology import Binding, Exchange, Queue, declarations
from identity.challenges import Rules
from identity.proof_refusals import PROOF_REFUSALS
from identity.refusals import REASONS
from identity.ticket_refusals import TICKET_REFUSALS
from identity.tickets import AGAIN_MS, EVENTS
from normalizer.event import TYPES
from regia.cli.common import configured
from regia.cli.main import app
from regia.compose import configure
from regia.http.bodies import AHEAD, TicketBody
from regia.http.openapi import openapi
from regia.http.reply_body import ReplyBody
from regia.lists.sheet import COLUMNS
from regia.queue_settings import Options
from regia.runners.standing import ELSEWHERE, OK, STARTING, Reason
from regia.settings import Settings, open_settings
from scripts import write_reference
from tests.docs.pages import CHANNEL_PAGES, PAGES, ROOT, blocks, read

RULES = "categories: {general: {}}\ndefault: general\n"
PROSE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:`|\.venv/bin/)regia ((?:[a-z]+(?:-[a-z]+)* ?)+)")
ADDRESS = re.compile(r"`(?:GET|POST)? ?(/(?:v1|webhooks|forms|health|attachments|metrics|openapi)[^`?\s…]*)`")
FILES = re.compile(r"(?:\.py|\.ya?ml|\.md|\.sh|\.lock|/)$")
NOT_OURS = (
    *("session", "task", "helper"),  # words of how it was made, not of what it is
    *("/work/", "/root/", "/home/", "/tmp/", str(ROOT)),  # noqa: S108  # looked for, not used
    *("index-url", "pypi.", "proxy.golang", "artifactory", "nexus"),
)


def prose(page: str) -> str:
    return PROSE.sub("", read(page))


def section(page: str, heading: str) -> str:
    found = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", read(page), re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no section {heading}"
    return found[1]


def first_column(table: str) -> set[str]:
    return {name for cell in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE) for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("page", write_reference.PAGES)
def test_the_reference_tables_are_up_to_date(page: str) -> None:
    assert write_reference.rewritten(read(page)) == read(page), "run: .venv/bin/python -m scripts.write_reference"


def test_every_table_stands_on_a_page() -> None:
    text = "".join(map(read, write_reference.PAGES))
    assert [name for name in write_reference.TABLES if write_reference.START.format(name=name) not in text] == []
    assert all((ROOT / f"docs/channels/{channel.name}.md").exists() for channel in CHANNELS)


def _environment(text: str) -> dict[str, str]:
    return dict.fromkeys(re.findall(r"(?<!\$)\$\{(\w+)\}", text), "a-secret-of-the-tests")


@pytest.mark.parametrize("page", ["README.md", "docs/configuration.md"])
def test_configuration_examples_hold_together(page: str, tmp_path: Path) -> None:
    for example in blocks(page, "yaml"):
        if example.first_line == "# wrong.yaml":
            continue
        path = tmp_path / "regia.yaml"
        path.write_text(example.text)
        (tmp_path / "rules.yaml").write_text(RULES)
        assert configure(path, _environment(example.text)).connectors


@pytest.mark.parametrize("name", CHANNEL_PAGES)
def test_channel_examples_fit_their_settings(name: str) -> None:
    examples = blocks(f"docs/channels/{name}.md", "yaml")
    assert examples
    (channel,) = (channel for channel in CHANNELS if channel.name == name)
    for example in examples:
        for connector, settings in read_yaml(example.text, name).data.items():
            assert channel.connector(connector, channel.settings.model_validate(settings)).brands


def test_the_mistakes_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (wrong,) = (block for block in blocks("docs/configuration.md", "yaml") if block.first_line == "# wrong.yaml")
    (shown,) = blocks("docs/configuration.md", "text")
    (tmp_path / "wrong.yaml").write_text(wrong.text.partition("\n")[2])
    (tmp_path / "rules.yaml").write_text(RULES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGIA_LINKS_KEY", "a-secret-of-the-tests")
    with pytest.raises(typer.Exit) as ended:
        configured(Path("wrong.yaml"))
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == shown.text


@pytest.mark.parametrize(
    ("variable", "value", "loc", "expected"),
    [
        ("REGIA__SERVER__PORT", "9000", ("server", "port"), 9000),
        ("REGIA__LANGUAGES", "[it, de]", ("languages",), ["it", "de"]),
        ("REGIA__CONNECTORS__SITE_FORM__RATE__COUNT", "30", ("connectors", "site-form", "rate", "count"), 30),
    ],
)
def test_the_overrides_it_shows(variable: str, value: str, loc: tuple[str, ...], expected: Any) -> None:
    assert f"| `{variable}={value}` | `{'.'.join(loc)}` |" in read("docs/configuration.md")
    source = open_settings(ROOT / "config/examples/demo/regia.yaml", {variable: value})
    assert source.document.get(*loc) == expected


def test_the_codes_of_operations_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| (`.*?) \| (\d{3}) \|", section("docs/operations.md", "Answers and their codes"), re.MULTILINE)
    told = {code: int(status) for codes, status in rows for code in re.findall(r"`(\w+)`", codes)}
    assert told == dict(REJECTIONS)


def test_proofs_are_told_as_they_are() -> None:
    page = section("docs/identity.md", "Proofs")
    assert {*PROOF_REFUSALS} <= first_column(page)
    rules = Rules(key=b"")
    for words in (
        f"{rules.code_ms // 60_000} minutes, five answers",
        f"{rules.link_ms // 3_600_000} hours",
        f"{rules.an_hour_to_an_address} an hour, {rules.a_day_to_an_address} a day",
        f"for one customer | {rules.a_day_of_a_customer} a day",
        f"`identity.codes.an_hour` ({rules.an_hour_of_a_space})",
        f"answers to one code | {rules.attempts};",
    ):
        assert words in page


def test_why_something_is_not_done_to_customers() -> None:
    page = section("docs/identity.md", "For people and programs")
    assert all(f"| `{reason}` | {told} |" in page for reason, told in REASONS.items())
    listed = re.search(r"names the columns, in any order: (.*?)\n\(with", page)
    assert listed
    assert set(re.findall(r"`(\w+)`", listed[1])) == set(COLUMNS)


def test_tickets_are_told_as_they_are() -> None:
    page = read("docs/tickets.md")
    assert first_column(page.partition("## What comes of it")[0]) == set(TicketBody.model_fields)
    assert first_column(section("docs/tickets.md", "What comes of it")) == set(EVENTS)
    refusals = section("docs/tickets.md", "Why something is not taken")
    assert first_column(refusals) == set(TICKET_REFUSALS)
    assert all(f"| `{reason}` | {told} |" in refusals for reason, told in TICKET_REFUSALS.items())
    assert AGAIN_MS == 10 * 60_000
    assert "for ten minutes" in page
    assert timedelta(minutes=5) == AHEAD
    assert "five minutes ahead" in page


def test_replies_are_told_as_they_are() -> None:
    page = read("docs/replies.md")
    assert first_column(page.partition("## On RabbitMQ")[0]) == set(ReplyBody.model_fields)
    told = first_column(section("docs/replies.md", "What becomes of it"))
    assert told == {f"regia.reply.{state}.v1" for state in (*STATES, "rejected")} == {t for t in TYPES if ".reply." in t}
    refusals = section("docs/replies.md", "Why it is not")
    of_the_body, of_automatic = {"no_text", "bad_subject"}, list(REFUSALS)[list(REFUSALS).index("automated_mail") :]
    assert first_column(refusals) == set(REFUSALS) - of_the_body - set(of_automatic)
    assert all(f"| `{reason}` | {REFUSALS[reason]} |" in refusals for reason in first_column(refusals))


def test_the_reasons_of_quarantine_are_those_of_the_code() -> None:
    assert first_column(section("docs/operations.md", "Quarantine")) == set(get_args(QuarantineReason))


def test_the_reasons_of_files_are_those_of_the_code() -> None:
    assert first_column(section("docs/envelope.md", "Why a file is unavailable")) == set(get_args(MediaReason))


def test_the_reasons_of_sources_are_those_of_the_code() -> None:
    page = section("docs/operations.md", "Mailboxes and other sources that are polled")
    assert first_column(page) == {reason for part in get_args(Reason) for reason in get_args(part)}
    assert all(f"`{state}`" in page for state in (OK, STARTING, ELSEWHERE))


def test_the_topology_is_the_one_that_is_declared() -> None:
    page = section("docs/queues.md", "What the gateway declares")
    layout = Layout(also=(Also(queue="archive.all", keys=("#",)),))
    for wanted in declarations(Topology(targets={"demo": frozenset({"x"})}, layout=layout)):
        if isinstance(wanted, Queue) and wanted.needed_by:
            continue
        match wanted:
            case Exchange(name=name):
                assert f"exchange `{name}` (topic)" in page
            case Queue(name=name, arguments=arguments):
                shown = f"`{name.replace('demo.x', '<brand>.<target>')}`"
                (row,) = (row for row in page.splitlines() if row.startswith("| ") and f"queue {shown}" in _queues(row))
                told = dict(re.findall(r"`(x-[a-z-]+): ([\w.-]+)`", row))
                assert told == {key: str(value) for key, value in arguments.items() if key != "x-queue-type"}
                assert arguments["x-queue-type"] in row
            case Binding(exchange, queue, routing_key) if queue != "archive.all":
                assert f"`{routing_key.replace('demo.x', '<brand>.<target>')}`" in page, (exchange, queue)


def test_every_option_of_a_queue_is_told() -> None:
    page = section("docs/queues.md", "Options")
    assert {key for key in Options.model_fields if f"`{key}`" not in first_cells(page)} == set()
    limits = QueueOptions(max_length=1, max_bytes=1, ttl_ms=1, leader="balanced", members=1)
    options = replace(limits, single_active_consumer=True, dead_letter_key="x")
    arguments = {*options.arguments, *QueueOptions(type="classic", priorities=1).arguments}
    assert {name for name in arguments if f"`{name}" not in read("docs/queues.md")} == set()


def first_cells(table: str) -> str:
    return " ".join(re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE))


def _queues(row: str) -> str:
    """`queues A, B` said one by one."""
    return row + "".join(
        f"queue {name}" for names in re.findall(r"queues ((?:`[^`]+`(?:, )?)+)", row) for name in names.split(", ")
    )


def test_figures_that_are_named_exist() -> None:
    known = set(re.findall(r"`(regia_\w+)`", write_reference.metrics_table()))
    named = {name for page in PAGES for name in re.findall(r"\bregia_[a-z_]+", prose(page))}
    others = {"regia_consumer", "regia_done", "regia_contact"}
    assert named - known == others, "the consumers' library and table, and a property of HubSpot, are no figures"


def test_commands_that_are_named_exist() -> None:
    named = [(page, words.split()) for page in PAGES for words in COMMAND.findall(read(page))]
    assert {words[0] for _, words in named} >= {"run", "check", "queue", "books", "rules", "parse", "import", "schema"}
    for page, words in named:
        command: Any = typer.main.get_command(app)
        for word in words:
            if not hasattr(command, "commands"):
                break
            assert word in command.commands, f"{page}: regia {' '.join(words)}"
            command = command.commands[word]


def test_addresses_that_are_named_exist() -> None:
    more = ["/health/live", "/health/ready", "/metrics", "/openapi.json"]
    known = [re.sub(r"\{\w+\}", "X", path) for path in (*openapi()["paths"], *more)]
    named = [(page, path) for page in PAGES for path in ADDRESS.findall(prose(page))]
    assert len(named) >= 10
    for page, path in named:
        wanted = re.sub(r"\{\w+\}|<\w+>|(?<=/webhooks/)\w+", "X", path)
        assert any(f"{one}/".startswith(f"{wanted}/") for one in known), f"{page}: {path}"


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", PROSE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / page).parent / path if path else ROOT / page
        assert found.exists(), f"{page}: {target}"
        assert not anchor or anchor in _anchors(found), f"{page}: {target}"


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_exist(page: str) -> None:
    channel = {"docs/channels/parley.md", "parley.yaml", "tests/subjects/parley.py"}
    own = ("data/", "/", "regia.yaml", "rules.yaml", "wrong.yaml", "consumer.py", "backup.py")
    for name in re.findall(r"`([\w./-]+)`", prose(page)):
        if FILES.search(name) and not name.startswith(own) and name not in channel:
            assert (ROOT / name).exists() or ((ROOT / page).parent / name).exists(), f"{page}: {name}"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_about_the_product_only(page: str) -> None:
    text = read(page)
    assert [word for word in NOT_OURS if re.search(rf"(?<!\w){re.escape(word)}", text, re.IGNORECASE)] == []


def test_every_page_can_be_found_from_the_readme() -> None:
    reached, waiting = set[str](), ["README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", read(page))]
            found = [((ROOT / page).parent / link).resolve() for link in links]
            waiting += [str(path.relative_to(ROOT)) for path in found if path.suffix == ".md" and path.is_file()]
    assert set(PAGES) - reached == set()


def test_the_settings_are_those_of_the_gateway() -> None:
    assert all(f"| `{name}" in read("docs/configuration.md") for name in Settings.model_fields)
