"""What may stand in a template: everything else is found before it is compiled, with the place where it stands."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final

from jinja2 import nodes

from router.answers import FILTERS
from router.reading import Node, suggestion
from router.vocabulary import DECLARED_UNDER

NESTED_MAX: Final = 20
ALLOWED: Final = "a template holds texts, {{ values }} and {% if %} with ==, !=, and, or, not"
_PLAIN: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    nodes.Scope,  # Jinja2 puts it around what it holds, which is looked at
)
_SAME: Final = ("eq", "ne")
_WORDS: Final[Mapping[type[nodes.Node], str]] = {
    nodes.Assign: "set",
    nodes.AssignBlock: "set",
    nodes.CallBlock: "call",
    nodes.FilterBlock: "filter",
    nodes.FromImport: "from",
    nodes.ScopedEvalContextModifier: "autoescape",
    nodes.Call: "a call",
    nodes.Getitem: "[…]",
    nodes.Test: "is",
    nodes.CondExpr: "an if within {{ }}",
    nodes.Compare: "another comparison",
    nodes.Concat: "~",
    nodes.List: "a list",
    nodes.Dict: "a mapping",
    nodes.Tuple: "a comma",
    nodes.Const: "none or a number that is none",
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What templates may name: single words, and the facts with a dot."""

    words: Collection[str]
    dotted: Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A mistake in a line (from 1) of a template. `words`: what stands there, in the spelling to look for."""

    line: int
    words: str
    message: str
    hint: str | None = None


def wrong_in(node: nodes.Node, known: Vocabulary, facts: set[str], depth: int) -> Iterator[Wrong]:
    """What is not allowed, in the order in which it stands there; `facts` get the names with a dot that are asked for."""
    if depth > NESTED_MAX:
        yield Wrong(node.lineno, "", "is nested too deeply", f"at most {NESTED_MAX}")
    elif isinstance(node, nodes.Getattr):
        yield from _dotted(node, known, facts)
    elif isinstance(node, nodes.Name):
        yield from _word(node, known)
    elif isinstance(node, nodes.Filter) and (node.name not in FILTERS or node.args or node.kwargs):
        argued = "takes nothing in brackets" if node.name in FILTERS else "is no filter"
        hint = None if node.name in FILTERS else suggestion(node.name, FILTERS)
        yield Wrong(node.lineno, node.name, f"{node.name!r} {argued}", hint)
    elif _may_stand(node):
        for child in node.iter_child_nodes():
            yield from wrong_in(child, known, facts, depth + 1)
    else:
        word = _WORDS.get(type(node)) or ("a calculation" if isinstance(node, nodes.BinExpr) else type(node).__name__.lower())
        yield Wrong(node.lineno, word, f"{word} cannot stand in a template", ALLOWED)


def _may_stand(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Compare):
        return all(operand.op in _SAME for operand in node.ops)
    if isinstance(node, nodes.Const):
        return isinstance(node.value, str | bool | int) or (isinstance(node.value, float) and isfinite(node.value))
    return isinstance(node, (*_PLAIN, nodes.Filter))


def _dotted(node: nodes.Getattr, known: Vocabulary, facts: set[str]) -> Iterator[Wrong]:
    space = node.node.name if isinstance(node.node, nodes.Name) else None
    if space is None:
        yield Wrong(node.lineno, node.attr, f"{node.attr!r} is part of nothing", ALLOWED)
    elif space not in known.dotted:
        hint = suggestion(space, [*known.words, *known.dotted])
        yield Wrong(node.lineno, space, f"there is no {f'{space}.{node.attr}'!r}", hint)
    elif node.attr not in known.dotted[space]:
        what = "field" if space == "fields" else "calendar"
        hint = suggestion(node.attr, known.dotted[space]) or f"declare it under {DECLARED_UNDER[space]}:"
        yield Wrong(node.lineno, f"{space}.{node.attr}", f"there is no {what} {node.attr!r}", hint)
    else:
        facts.add(f"{space}.{node.attr}")


def _word(node: nodes.Name, known: Vocabulary) -> Iterator[Wrong]:
    if node.name in known.dotted:
        yield Wrong(node.lineno, node.name, f"{node.name!r} has several values", f"name one of them: {node.name}.NAME")
    elif node.name not in known.words:
        yield Wrong(node.lineno, node.name, f"there is no {node.name!r}", suggestion(node.name, [*known.words, *known.dotted]))


def report(node: Node, source: str, wrong: Wrong) -> None:
    """The mistake at the words in its line, or where the line's first value or tag begins."""
    lines = source.split("\n")
    line = min(max(wrong.line, 1), len(lines))
    found = re.search(rf"(?<![\w.]){re.escape(wrong.words)}(?!\w)", lines[line - 1]) if wrong.words else None
    found = found or re.search(r"\{[{%]", lines[line - 1])
    node.fail_inside(line, found.start() + 1 if found else 1, wrong.message, wrong.hint)
