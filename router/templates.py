"""Reading `templates:`: everything a template holds is known before it is compiled, and nothing else can be written.

Jinja2 parses; of what it knows only texts, values, `if` with equality and three filters are let through. So what a
template costs is known by its length, and it can name nothing that is not there.
"""

import re
from collections.abc import Mapping
from typing import Final

from jinja2 import Template, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from router import keys
from router.answers import OF_FACTS, OWN, SPACES, AnswerTemplate, ApprovedTemplate, environment
from router.reading import Node
from router.template_checking import ALLOWED, NESTED_MAX, Vocabulary, Wrong, report, wrong_in
from router.vocabulary import Fact

TEXT_MAX: Final = 10_000
"""Characters of a text."""
SUBJECT_MAX: Final = 200
"""Characters of a subject."""
TEXTS_MAX: Final = 1_000
"""Texts and subjects of all templates and languages together."""
PARAMETERS_MAX: Final = 20
"""Parameters of an approved template."""

LANGUAGE: Final = re.compile("[a-z]{2}")
CHANNEL: Final = re.compile("[a-z][a-z0-9_]{0,59}")
APPROVED_NAME: Final = re.compile("[a-z0-9_]{1,512}")
APPROVED_LANGUAGE: Final = re.compile("[a-z]{2,3}(_[A-Z]{2,3})?")
"""As WhatsApp writes names and languages of templates."""


def read_templates(declared: Mapping[str, Node], vocabulary: Mapping[str, Fact]) -> dict[str, AnswerTemplate]:
    """The templates of all files by name; what is wrong has been reported."""
    dotted = {space: [name.partition(".")[2] for name in vocabulary if name.startswith(f"{space}.")] for space in SPACES}
    reader = _Reader(environment(), Vocabulary((*OWN, *OF_FACTS), dotted))
    read = {name: reader.read(node) for name, node in declared.items()}
    return {name: template for name, template in read.items() if template is not None}


class _Reader:
    """Reads one template after the other, and counts."""

    def __init__(self, parser: ImmutableSandboxedEnvironment, vocabulary: Vocabulary) -> None:
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
            wrong = list(wrong_in(tree, self._vocabulary, facts, 0))
            for found in wrong:
                report(node, source, found)
            return None if wrong else self._parser.from_string(tree)
        except TemplateSyntaxError as error:
            report(node, source, Wrong(error.lineno, "", f"is no template: {(error.message or '').rstrip('.')}", ALLOWED))
        except (RecursionError, SyntaxError, MemoryError):  # Python's own limits, where brackets stand in brackets
            report(node, source, Wrong(1, "", "is nested too deeply", f"at most {NESTED_MAX}"))
        return None


def _matching(node: Node, form: re.Pattern[str], hint: str) -> str | None:
    text = node.text()
    if text is not None and not form.fullmatch(text):
        node.fail("is none that WhatsApp has", hint)
    return text


def _same_languages(text: Node, subject: Node) -> None:
    """Whoever is answered in a language reads the subject in it too."""
    if isinstance(text.value, dict) and isinstance(subject.value, dict):
        for language in text.value.keys() - subject.value.keys():
            subject.fail(f"has no {language!r}, which text has", "write both in the same languages")
        for language in subject.value.keys() - text.value.keys():
            subject.child(language).fail("is a language that text does not have", key=True)
