"""What the pages say about the code is what the code says: tables, examples, links, names of files, commands and addresses."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from config.document import ConfigError, read_yaml
from connectors.errors import REJECTIONS, QuarantineReason
from connectors.registry import CHANNELS
from dispatcher.base import Topology
from dispatcher.topology import Binding, Exchange, Queue, declarations
from regia.cli.common import configured
from regia.cli.main import app
from regia.compose import configure
from regia.http.openapi import openapi
from regia.settings import Settings, load_settings
from scripts import write_reference
from tests.docs.pages import CHANNEL_PAGES, PAGES, ROOT, blocks, read

RULES = "categories: {general: {}}\ndefault: general\n"
PROSE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FILES = re.compile(r"(?:\.py|\.ya?ml|\.md|\.sh|\.lock|/)$")
NOT_OURS = (
    *("session", "task", "helper"),  # words of how it was made, not of what it is
    *("/work/", "/root/", "/home/", "/tmp/", str(ROOT)),
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
    assert {channel.name for channel in CHANNELS} == set(CHANNEL_PAGES) == set(write_reference.TABLES) - {"settings", "metrics"}


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
        settings, document = load_settings(path, _environment(example.text))
        assert configure(settings, document).connectors


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
    _, document = load_settings(ROOT / "config/examples/demo/regia.yaml", {variable: value, "REGIA__LINKS_KEY": "x"})
    assert document.get(*loc) == expected


def test_the_codes_of_operations_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| (`.*?) \| (\d{3}) \|", section("docs/operations.md", "Answers and their codes"), re.MULTILINE)
    told = {code: int(status) for codes, status in rows for code in re.findall(r"`(\w+)`", codes)}
    assert told == dict(REJECTIONS)


def test_the_reasons_of_quarantine_are_those_of_the_code() -> None:
    assert first_column(section("docs/operations.md", "Quarantine")) == set(get_args(QuarantineReason))


def test_the_topology_is_the_one_that_is_declared() -> None:
    page = section("docs/operations.md", "RabbitMQ")
    for wanted in declarations(Topology(targets={"<brand>": frozenset({"<target>"})} if False else {"demo": frozenset({"x"})})):
        match wanted:
            case Exchange(name):
                assert f"exchange `{name}` (topic)" in page
            case Queue(name, arguments):
                (row,) = (
                    row for row in page.splitlines() if f"`{name.replace('demo.x', '<brand>.<target>')}`" in row and "| " in row
                )
                if "x-dead-letter-exchange" in arguments and name == "demo.x":
                    assert all(f"`{key}: {value}`" in row for key, value in arguments.items() if key != "x-queue-type")
                elif "x-dead-letter-exchange" not in arguments:
                    assert f"`x-delivery-limit: {arguments['x-delivery-limit']}`" in row
            case Binding(exchange, queue, routing_key):
                assert f"`{routing_key.replace('demo.x', '<brand>.<target>')}`" in page, (exchange, queue)


def test_figures_that_are_named_exist() -> None:
    known = set(re.findall(r"`(regia_\w+)`", write_reference.metrics_table()))
    named = {name for page in PAGES for name in re.findall(r"\bregia_[a-z_]+", prose(page))}
    assert named - known == set()


def test_commands_that_are_named_exist() -> None:
    group = typer.main.get_command(app)
    for page in PAGES:
        for words in re.findall(r"`(?:\.venv/bin/)?regia ((?:[a-z]+ ?)+)", read(page)):
            command: Any = group
            for word in words.split():
                inner = getattr(command, "commands", {})
                if not inner:
                    break
                assert word in inner, f"{page}: regia {words}"
                command = inner[word]


def test_addresses_that_are_named_exist() -> None:
    described = [re.sub(r"\{\w+\}", "X", path) for path in openapi()["paths"]]
    more = ["/health/live", "/health/ready", "/metrics", "/openapi.json"]
    for page in PAGES:
        for path in re.findall(
            r"`(?:GET|POST)? ?(/(?:v1|webhooks|forms|health|attachments|metrics|openapi)[^`?\s…]*)`", prose(page)
        ):
            assert re.sub(r"\{\w+\}|<\w+>|(?<=/webhooks/)\w+", "X", path) in [*described, *more], f"{page}: {path}"


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
    channel = {"docs/channels/parley.md", "parley.yaml"}
    own = ("data/", "/", "regia.yaml", "rules.yaml", "wrong.yaml", "consumer.py", "backup.py")
    for name in re.findall(r"`([\w./-]+)`", prose(page)):
        if FILES.search(name) and not name.startswith(own) and name not in channel:
            assert (ROOT / name).exists() or ((ROOT / page).parent / name).exists(), f"{page}: {name}"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_about_the_product_only(page: str) -> None:
    text = read(page)
    assert [word for word in NOT_OURS if re.search(rf"(?<!\w){re.escape(word)}", text, re.IGNORECASE)] == []


def test_every_page_is_known_and_can_be_found() -> None:
    written = {str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]}
    assert written == set(PAGES)
    reached = {"README.md"}
    for page in [*PAGES, *PAGES]:
        if page in reached:
            found = [(ROOT / page).parent / link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", read(page))]
            reached |= {str(path.resolve().relative_to(ROOT)) for path in found if path.is_file()}
    assert set(PAGES) - reached == set()


def test_the_settings_are_those_of_the_gateway() -> None:
    assert all(f"| `{name}" in read("docs/configuration.md") for name in Settings.model_fields)
