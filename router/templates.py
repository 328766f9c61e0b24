"""Reading `templates:`: everything a template holds is known before it is compiled, and nothing else can be written.

Jinja2 parses; of what it knows only texts, values, `if` with equality and three filters are let through. So what a
template costs is known by its length, and it can name nothing that is not there.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final

from jinja2 import Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from router import keys
from router.answers import FILTERS, OF_FACTS, OWN, SPACES, AnswerTemplate, ApprovedTemplate, environment
from router.reading import Node, suggestion
from router.vocabulary import DECLARED_UNDER, Fact

TEXT_MAX: Final = 10_000
"""Characters of a text."""
SUBJECT_MAX: Final = 200
"""Characters of a subject."""
TEXTS_MAX: Final = 1_000
"""Texts and subjects of all templates and languages together."""
NESTED_MAX: Final = 20

PARAMETERS_MAX: Final = 20
"""Parameters of an approved template."""

LANGUAGE: Final = re.compile("[a-z]{2}")
CHANNEL: Final = re.compile("[a-z][a-z0-9_]{0,59}")
APPROVED_NAME: Final = re.compile("[a-z0-9_]{1,512}")
APPROVED_LANGUAGE: Final = re.compile("[a-z]{2,3}(_[A-Z]{2,3})?")
"""As WhatsApp writes names and languages of templates."""
_ALLOWED: Final = "a template holds texts, {{ values }} and {% if %} with ==, !=, and, or, not"
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
class _Vocabulary:
    """What templates may name: single words, and the facts with a dot."""

    words: Collection[str]
    dotted: Mapping[str, Collection[str]]


def read_templates(declared: Mapping[str, Node], vocabulary: Mapping[str, Fact]) -> dict[str, AnswerTemplate]:
    """The templates of all files by name; what is wrong has been reported."""
    dotted = {space: [name.partition(".")[2] for name in vocabulary if name.startswith(f"{space}.")] for space in SPACES}
    reader = _Reader(environment(), _Vocabulary((*OWN, *OF_FACTS), dotted))
    read = {name: reader.read(node) for name, node in declared.items()}
    return {name: template for name, template in read.items() if template is not None}


class _Reader:
    """Reads one template after the other, and counts."""

    def __init__(self, parser: ImmutableSandboxedEnvironment, vocabulary: _Vocabulary) -> None:
        self._parser = parser
        self._vocabulary = vocabulary
        self._texts = 0

    def read(self, node: Node) -> AnswerTemplate | None:
        entries = node.mapping(keys.TEMPLATE)
        if "text" not in entries:
            if isinstance(node.value, dict):
                node.fail("must have a text", 'for example {text: {it: "…", en: "…"}}')
            return None
        facts: set[str] = set()
        texts = self._by_language(entries["text"], TEXT_MAX, facts)
        subjects = self._by_language(entries["subject"], SUBJECT_MAX, facts) if "subject" in entries else {}
        if "subject" in entries:
            _same_languages(entries["text"], entries["subject"])
        forms = self._forms(entries["forms"], entries["text"], facts) if "forms" in entries else {}
        approved = self._approved(entries["whatsapp"], facts) if "whatsapp" in entries else None
        to_claimed = "to_claimed" in entries and bool(entries["to_claimed"].flag())
        return AnswerTemplate(
            texts=texts, subjects=subjects, facts=frozenset(facts), to_claimed=to_claimed, approved=approved, forms=forms
        )

    def _forms(self, node: Node, text: Node, facts: set[str]) -> dict[str, dict[str, Template]]:
        found: dict[str, dict[str, Template]] = {}
        for channel, child in node.mapping().items():
            if not CHANNEL.fullmatch(channel):
                child.fail("is no channel", "as an envelope names it: sms, whatsapp, email", key=True)
            entries = child.mapping(keys.FORM)
            if "text" in entries:
                found[channel] = self._by_language(entries["text"], TEXT_MAX, facts)
                _same_languages(text, entries["text"])
            elif isinstance(child.value, dict):
                child.fail("must have a text", 'for example {text: {it: "…"}}')
        return found

    def _approved(self, node: Node, facts: set[str]) -> ApprovedTemplate | None:
        entries = node.mapping(keys.WHATSAPP)
        if "name" not in entries:
            if isinstance(node.value, dict):
                node.fail("must have a name", "that under which WhatsApp has approved it")
            return None
        name = _matching(entries["name"], APPROVED_NAME, "write a to z, 0 to 9 and _")
        given = entries.get("language")
        language = None if given is None else _matching(given, APPROVED_LANGUAGE, "for example it or en_US")
        items = list(entries["parameters"].items()) if "parameters" in entries else []
        if len(items) > PARAMETERS_MAX:
            entries["parameters"].fail(f"has {len(items)} parameters", f"at most {PARAMETERS_MAX}")
        read = [self._parameter(item, facts) for item in items[:PARAMETERS_MAX]]
        return ApprovedTemplate(name or "", language, tuple(one for one in read if one is not None))

    def _parameter(self, node: Node, facts: set[str]) -> Template | None:
        source = node.text()
        if source is None:
            return None
        if len(source) > SUBJECT_MAX:
            node.fail(f"has {len(source):,} characters", f"at most {SUBJECT_MAX:,}")
            return None
        return self._template(node, source, facts)

    def _by_language(self, node: Node, longest: int, facts: set[str]) -> dict[str, Template]:
        found: dict[str, Template] = {}
        for language, child in node.mapping().items():
            self._texts += 1
            if self._texts == TEXTS_MAX + 1:
                child.fail(f"is one text more than {TEXTS_MAX:,}, in all templates", key=True)
            if not LANGUAGE.fullmatch(language):
                child.fail("is no language", "write its two letters of ISO 639-1: it, en, de", key=True)
            source = child.text()
            if source is None or self._texts > TEXTS_MAX:
                continue
            if len(source) > longest:
                child.fail(f"has {len(source):,} characters", f"at most {longest:,}")
            elif longest == SUBJECT_MAX and "\n" in source.strip():
                child.fail("has several lines", "write a subject on one line")
            elif (template := self._template(child, source, facts)) is not None:
                found[language] = template
        if isinstance(node.value, dict) and not node.value:
            node.fail("must have at least one language", 'for example {it: "…", en: "…"}')
        return found

    def _template(self, node: Node, source: str, facts: set[str]) -> Template | None:
        """The text compiled, if it is a template and everything in it is allowed."""
        try:
            tree = self._parser.parse(source)
            wrong = list(_wrong(tree, self._vocabulary, facts, 0))
            for found in wrong:
                _report(node, source, found)
            return None if wrong else self._parser.from_string(tree)
        except TemplateSyntaxError as error:
            _report(node, source, _Wrong(error.lineno, "", f"is no template: {(error.message or '').rstrip('.')}", _ALLOWED))
        except (RecursionError, SyntaxError, MemoryError):  # Python's own limits, where brackets stand in brackets
            _report(node, source, _Wrong(1, "", "is nested too deeply", f"at most {NESTED_MAX}"))
        return None


def _matching(node: Node, form: re.Pattern[str], hint: str) -> str | None:
    text = node.text()
    if text is not None and not form.fullmatch(text):
        node.fail("is none that WhatsApp has", hint)
    return text


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A mistake in a line (from 1) of a template. `words`: what stands there, in the spelling to look for."""

    line: int
    words: str
    message: str
    hint: str | None = None


def _same_languages(text: Node, subject: Node) -> None:
    """Whoever is answered in a language reads the subject in it too."""
    if isinstance(text.value, dict) and isinstance(subject.value, dict):
        for language in text.value.keys() - subject.value.keys():
            subject.fail(f"has no {language!r}, which text has", "write both in the same languages")
        for language in subject.value.keys() - text.value.keys():
            subject.child(language).fail("is a language that text does not have", key=True)


def _wrong(node: nodes.Node, known: _Vocabulary, facts: set[str], depth: int) -> Iterator[_Wrong]:
    """What is not allowed, in the order in which it stands there; `facts` get the names with a dot that are asked for."""
    if depth > NESTED_MAX:
        yield _Wrong(node.lineno, "", "is nested too deeply", f"at most {NESTED_MAX}")
    elif isinstance(node, nodes.Getattr):
        yield from _dotted(node, known, facts)
    elif isinstance(node, nodes.Name):
        yield from _word(node, known)
    elif isinstance(node, nodes.Filter) and (node.name not in FILTERS or node.args or node.kwargs):
        argued = "takes nothing in brackets" if node.name in FILTERS else "is no filter"
        hint = None if node.name in FILTERS else suggestion(node.name, FILTERS)
        yield _Wrong(node.lineno, node.name, f"{node.name!r} {argued}", hint)
    elif _may_stand(node):
        for child in node.iter_child_nodes():
            yield from _wrong(child, known, facts, depth + 1)
    else:
        word = _WORDS.get(type(node)) or ("a calculation" if isinstance(node, nodes.BinExpr) else type(node).__name__.lower())
        yield _Wrong(node.lineno, word, f"{word} cannot stand in a template", _ALLOWED)


def _may_stand(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Compare):
        return all(operand.op in _SAME for operand in node.ops)
    if isinstance(node, nodes.Const):
        return isinstance(node.value, str | bool | int) or (isinstance(node.value, float) and isfinite(node.value))
    return isinstance(node, (*_PLAIN, nodes.Filter))


def _dotted(node: nodes.Getattr, known: _Vocabulary, facts: set[str]) -> Iterator[_Wrong]:
    space = node.node.name if isinstance(node.node, nodes.Name) else None
    if space is None:
        yield _Wrong(node.lineno, node.attr, f"{node.attr!r} is part of nothing", _ALLOWED)
    elif space not in known.dotted:
        hint = suggestion(space, [*known.words, *known.dotted])
        yield _Wrong(node.lineno, space, f"there is no {f'{space}.{node.attr}'!r}", hint)
    elif node.attr not in known.dotted[space]:
        what = "field" if space == "fields" else "calendar"
        hint = suggestion(node.attr, known.dotted[space]) or f"declare it under {DECLARED_UNDER[space]}:"
        yield _Wrong(node.lineno, f"{space}.{node.attr}", f"there is no {what} {node.attr!r}", hint)
    else:
        facts.add(f"{space}.{node.attr}")


def _word(node: nodes.Name, known: _Vocabulary) -> Iterator[_Wrong]:
    if node.name in known.dotted:
        yield _Wrong(node.lineno, node.name, f"{node.name!r} has several values", f"name one of them: {node.name}.NAME")
    elif node.name not in known.words:
        yield _Wrong(node.lineno, node.name, f"there is no {node.name!r}", suggestion(node.name, [*known.words, *known.dotted]))


def _report(node: Node, source: str, wrong: _Wrong) -> None:
    """The mistake at the words in its line, or where the line's first value or tag begins."""
    lines = source.split("\n")
    line = min(max(wrong.line, 1), len(lines))
    found = re.search(rf"(?<![\w.]){re.escape(wrong.words)}(?!\w)", lines[line - 1]) if wrong.words else None
    found = found or re.search(r"\{[{%]", lines[line - 1])
    node.fail_inside(line, found.start() + 1 if found else 1, wrong.message, wrong.hint)
