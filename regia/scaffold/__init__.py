"""`regia connector new`: a channel that works and holds the conformance suite, to be changed into the real one."""

import ast
import json
import keyword
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

_TEMPLATES: Final = Environment(
    loader=PackageLoader("regia.scaffold", "files"),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701  # Python, YAML and Markdown, from a name that is checked
)
_VISITOR: Final = {"id": "v_17", "name": "Anna", "email": "anna@example.it"}
_WORDS: Final = {"kind": "text", "text": "Vorrei un rimborso"}
SAMPLES: Final[Mapping[str, list[dict[str, Any]]]] = {
    "message": [{"id": "evt_1", "type": "message", "at": 1795283000, "visitor": _VISITOR, "content": _WORDS}],
    "batch": [
        {
            "id": "evt_2",
            "type": "message",
            "at": 1795283060,
            "visitor": _VISITOR,
            "content": {"kind": "file", "url": "https://files.example/f/9", "name": "padella.jpg", "mime": "image/jpeg"},
        },
        {"id": "evt_3", "type": "message", "at": 1795283061, "visitor": {"id": "v_18"}, "content": _WORDS},
        {"id": "evt_4", "type": "read", "at": 1795283062, "message": "out_5"},
        {"id": "evt_5", "type": "typing", "at": 1795283063, "visitor": {"id": "v_18"}},
    ],
    "new_kind": [
        {
            "id": "evt_6",
            "type": "message",
            "at": 1795283100,
            "visitor": {"id": "v_18"},
            "content": {"kind": "hologram", "depth": 3},
        }
    ],
}
"""Requests of the made-up provider, to be replaced by captured ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the files of a channel lie, and how they import each other."""

    module: str
    subject: str
    samples: str
    samples_from_subject: str
    files: Mapping[str, str]
    """Path to template."""


def in_checkout(name: str) -> Layout:
    """In Regia's own tree."""
    return Layout(
        module=f"connectors.{name}",
        subject=f"tests.subjects.{name}",
        samples=f"tests/samples/{name}",
        samples_from_subject=f'Path(__file__).parents[1] / "samples" / "{name}"',
        files={
            f"connectors/{name}.py": "connector.py.jinja",
            f"tests/subjects/{name}.py": "subject.py.jinja",
            f"tests/connectors/test_{name}.py": "test.py.jinja",
            f"docs/channels/{name}.md": "page.md.jinja",
        },
    )


def outside(name: str) -> Layout:
    """As a distribution of its own, found by its entry point."""
    return Layout(
        module=f"regia_{name}",
        subject=f"regia_{name}.subject",
        samples="samples",
        samples_from_subject='Path(__file__).parents[1] / "samples"',
        files={
            "pyproject.toml": "pyproject.toml.jinja",
            f"regia_{name}/__init__.py": "connector.py.jinja",
            f"regia_{name}/subject.py": "subject.py.jinja",
            f"tests/test_{name}.py": "test.py.jinja",
            "README.md": "page.md.jinja",
        },
    )


def render(name: str, layout: Layout) -> dict[str, str]:
    """Path to content of every file of the new channel. `name` is a lower-case word of letters, digits and `_`."""
    words = {
        "name": name,
        "title": _title(name),
        "env": name.upper(),
        "header": f"X-{name.replace('_', '-').title()}-Signature",
        "layout": layout,
    }
    files = {path: _TEMPLATES.get_template(template).render(words) for path, template in layout.files.items()}
    for sample, events in SAMPLES.items():
        body = json.dumps({"account": "shop-it", "events": events}, ensure_ascii=False, indent=1)
        files[f"{layout.samples}/{sample}.json"] = body + "\n"
    return files


def taken(name: str) -> str | None:
    """Why a channel cannot have this name, None when it can: it is a word of Python's, or its class would have the name of
    something that the code uses."""
    title = _title(name)
    if keyword.iskeyword(name) or keyword.iskeyword(title):
        return "it is a word of Python's"
    tree = ast.parse(render(name, in_checkout(name))[f"connectors/{name}.py"])
    used = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    return f"its class would be called {title}, as something that it uses is" if {title, name} & used else None


def _title(name: str) -> str:
    return name.replace("_", " ").title().replace(" ", "")


def write(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write them below `folder`; the paths written. Raises FileExistsError, and writes nothing, where one is there already."""
    paths = [folder / path for path in files]
    for path in paths:
        if path.exists():
            raise FileExistsError(str(path))
    for path, content in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return paths
