"""The commands of the pages on channels and operations, run one page after the other against one gateway."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import CHANNEL_PAGES, Desk, blocks, matches

PAGES = (
    *(page for name in CHANNEL_PAGES if blocks(page := f"docs/channels/{name}.md", "bash", "console")),
    "docs/rules.md",
    "docs/operations.md",
    "docs/backup.md",
    "docs/configuration.md",
    "docs/envelope.md",
    "docs/identity.md",
    "docs/queues.md",
    "docs/tickets.md",
    "docs/replies.md",
    "docs/notices.md",
    "docs/sla.md",
    "docs/surveys.md",
    "docs/console.md",
    "docs/kpi.md",
    "docs/faq.md",
    "docs/state-page.md",
)
ELSEWHERE = {"README.md", "ADDING_A_CHANNEL.md"}
"""Pages with commands whose tests stand in files of their own."""

PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk.make(tmp_path_factory.mktemp("checkout"), hundreds=True)
    (desk.folder / "photo.png").write_bytes(PIXEL)
    with desk.gateway():
        yield desk


@pytest.mark.timeout(400)
def test_the_commands_of_all_pages(desk: Desk) -> None:
    # In one test: operations look at what the channels' pages sent.
    for page in PAGES:
        found = blocks(page, "bash", "console")
        assert found, page
        for block in found:
            desk.run(block)


def test_no_page_with_commands_is_left_out() -> None:
    from tests.docs.pages import PAGES as ALL

    assert {page for page in ALL if blocks(page, "bash", "console")} == {*PAGES, *ELSEWHERE}


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ('{"id":"…"}', '{"id":"7"}\n', True),
        ('{"id":"…"}', '{"id":"7","more":1}', False),
        ("a\n…\nb", "a\nx\ny\nb\n", True),
        ("a\n…\nb", "a\nb\n", True),
        ("a\n…\nb", "a\nx\nc", False),
        ("", "", True),
        ("", "something", False),
        ("a.c", "abc", False),
    ],
)
def test_how_output_is_compared(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same


def test_a_command_that_fails_or_prints_something_else_is_noticed(tmp_path: Path) -> None:
    from tests.docs.pages import Block

    desk = Desk.make(tmp_path)
    desk.run(Block("page", "console", "$ echo one\none\n$ echo \\\n  two\ntwo\n"))
    for wrong in ("$ echo one\ntwo\n", "$ false\n", "$ echo one\n", "$ true\n$ echo x | grep y\n"):
        with pytest.raises(AssertionError, match="page"):
            desk.run(Block("page", "console", wrong))
