"""Reading the documentation's code blocks, and running them against a gateway as the pages say.

A block marked `bash` is run, one marked `console` is run and its output compared: lines that begin with `$ ` are commands,
the others are what they print. `…` stands for any text of a line, and a line that is only `…` for any lines.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from connectors.registry import CHANNELS
from tests.e2e import warm
from tests.servers.process import ServerProcess, free_port

ROOT = Path(__file__).parents[2]
CHANNEL_PAGES = tuple(channel.name for channel in CHANNELS)
PAGES = tuple(sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))))
RUN = "exec .venv/bin/regia run -c config/examples/demo/regia.yaml"
"""What `make run` runs once everything is installed; a test compares."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "\x1e"


@dataclass(frozen=True)
class Block:
    page: str
    language: str
    text: str

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0]


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, *languages: str) -> list[Block]:
    """The page's code blocks of these languages, in their order; without any, all."""
    found = [Block(page, language, text) for language, text in _FENCE.findall(read(page))]
    return [block for block in found if not languages or block.language in languages]


def python_block(page: str, name: str) -> str:
    """The code of the block whose first line is the comment with this file's name."""
    (block,) = (block for block in blocks(page, "python") if block.first_line == f"# {name}")
    return block.text


@dataclass(frozen=True)
class Desk:
    """A folder like a checkout, with data of its own, and the environment to run the pages' commands in."""

    folder: Path
    port: int
    more: Mapping[str, str]

    @classmethod
    def make(cls, folder: Path, *, hundreds: bool = False, **more: str) -> "Desk":
        """With `hundreds` of commands, each is run by a fork of a program that has imported everything."""
        for name in (".venv", "config", "Makefile", "scripts", "tests"):
            (folder / name).symlink_to(ROOT / name)
        if hundreds:
            _warm(folder / ".venv")
        return cls(folder, free_port(), more)

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("REGIA", "AWS_"))}
        return {
            **own,
            "REGIA__SERVER__PORT": str(self.port),
            "REGIA__DATA__PATH": str(self.folder / "data"),
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "100",
            **self.more,
        }

    def local(self, text: str) -> str:
        """A page's text with this gateway's port."""
        return text.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")

    @contextmanager
    def gateway(self) -> Iterator[None]:
        """A gateway started by the command of `make run`, stopped by its process id."""
        log = self.folder / "gateway.log"
        server = ServerProcess("regia", ["bash", "-c", RUN], log=log, env=self.environment, cwd=self.folder)
        try:
            server.wait_ready(self._is_ready)
            yield
        finally:
            server.stop()

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=2):
                return True
        except OSError:
            return False

    def run(self, block: Block) -> None:
        """Run a block's commands in one shell and compare what a `console` block shows."""
        steps = _steps(block)
        script = "".join(f"printf '{_MARK}'\n{command}\n" for command, _ in steps)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.local(script)],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        told = f"{block.page}:\n{script}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, told
        if block.language == "console":
            printed = done.stdout.split(_MARK)[1:]
            for (command, shown), real in zip(steps, printed, strict=True):
                assert matches(self.local(shown), real), f"{block.page}: $ {command}\nshown:\n{shown}\nprinted:\n{real}"


def _warm(venv: Path) -> None:
    """All that is in the environment, but for the program `regia`."""
    venv.unlink()
    (venv / "bin").mkdir(parents=True)
    for name in (*(ROOT / ".venv").iterdir(), *(ROOT / ".venv" / "bin").iterdir()):
        place = venv / name.relative_to(ROOT / ".venv")
        if place not in (venv / "bin", venv / "bin" / "regia"):
            place.symlink_to(name)
    warm.shim(venv / "bin" / "regia", warm.address())


def _steps(block: Block) -> list[tuple[str, str]]:
    """Commands and what the page shows of their output; a command goes on after a backslash."""
    if block.language == "bash":
        return [(block.text, "")]
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert parts[0] == "", f"{block.page}: a console block begins with a command"
    found = re.compile(r"(?P<command>(?:[^\n]*\\\n)*[^\n]*)\n?(?P<output>.*)", re.DOTALL)
    return [(match["command"], match["output"]) for part in parts[1:] if (match := found.fullmatch(part))]


def matches(shown: str, printed: str) -> bool:
    """Whether what was printed is what is shown, with `…` for what differs each time."""
    pattern = ""
    for line in shown.strip("\n").split("\n"):
        pattern += r"(?:[^\n]*\n)*?" if line.strip() == "…" else ".*?".join(map(re.escape, line.split("…"))) + "\n"
    return re.fullmatch(pattern, printed.strip("\n") + "\n") is not None
