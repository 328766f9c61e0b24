"""From the text of rules files to a ruleset, or to everything that is wrong with them."""

import gc
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Final

from config.document import ConfigError, Problem, read_yaml
from router import keys
from router.actions import ActionReader
from router.blocks import NamedConditions
from router.cases import Case, CaseReader
from router.conditions import ConditionReader
from router.declarations import Declarations
from router.expressions import CelExpressions
from router.extractors import read_extractors
from router.model import CATEGORY, DEFAULT, Actions, Rule
from router.named import NamedTexts
from router.names import Names, Usage
from router.reading import Node, Source
from router.ruleset import Contents, Ruleset
from router.templates import read_templates
from router.vocabulary import Fact, Facts, with_declared

RULE_NAME_MAX: Final = 80
RULE_NAMES_TAKEN: Final = (DEFAULT, CATEGORY)


def load(sources: Sequence[tuple[str, str]]) -> Ruleset:
    """Read rules files, each a name for messages and its YAML text, as one ruleset.

    Declarations of all files join, rules and tests follow one another in the order of the files. Raises ConfigError
    with all problems; where a file is no YAML, with those of the syntax only, for its declarations are not known.
    """
    with _collector_waits():
        return _loaded(sources)[0]


class Messages:
    """Reads messages as `tests:` write them, for somebody who tries rules with one after the other."""

    def __init__(self, reader: CaseReader) -> None:
        self._reader = reader

    def read(self, text: str, name: str) -> Facts:
        """The facts of a message, with the defaults of all that it does not mention. Raises ConfigError, with places in the
        text under this name."""
        problems: list[Problem] = []
        node = _parsed(name, text, problems)
        facts = self._reader.message(node) if node is not None else {}
        if problems:
            raise ConfigError(problems)
        return facts


def load_to_try(sources: Sequence[tuple[str, str]]) -> tuple[Ruleset, Messages]:
    """As `load`, with what reads messages for these rules."""
    with _collector_waits():
        ruleset, reader = _loaded(sources)
        return ruleset, Messages(reader)


@contextmanager
def _collector_waits() -> Iterator[None]:
    """No search for cycles meanwhile: what is made here stays, and searching it again and again takes half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _loaded(sources: Sequence[tuple[str, str]]) -> tuple[Ruleset, CaseReader]:
    problems: list[Problem] = []
    files = [file for name, text in sources if (file := _parsed(name, text, problems)) is not None]
    if problems:
        raise ConfigError(problems)
    for file in files:
        file.mapping(keys.FILE)
    declared = Declarations()
    declared.read(files)
    if not files:
        problems.append(Problem("rules", None, None, "", "there is no rules file"))
    vocabulary = with_declared(declared.fields, declared.calendars)
    expressions, usage = CelExpressions(vocabulary), Usage()
    conditions = _conditions(declared, vocabulary, expressions, usage)
    extractors = read_extractors(declared.extract, declared.fields, vocabulary, conditions.texts)
    templates = read_templates(declared.templates, vocabulary)
    rules = _Rules(conditions, declared, usage, files)
    reader = CaseReader(vocabulary, rules.targets, declared)
    cases = _cases(files, reader)
    if problems or declared.default is None:
        raise ConfigError(problems)
    contents = Contents(
        hash=ruleset_hash([text for _, text in sources]),
        sources=tuple(sources),
        fields=declared.fields,
        calendars={name: calendar for name, calendar in declared.calendars.items() if calendar is not None},
        vocabulary=vocabulary,
        categories=declared.categories,
        queues=frozenset(declared.queues),
        default=declared.default,
        rules=tuple(rules.found),
        extractors=extractors,
        templates=templates,
        names=Names(declared.places(), usage.uses),
    )
    return Ruleset(contents, cases, expressions), reader


def ruleset_hash(texts: Sequence[str]) -> str:
    """`sha256:…` over the texts in order. Names do not count: nodes keep the same files in different places."""
    digest = hashlib.sha256()
    for text in texts:
        data = text.encode("utf-8", "replace")
        digest.update(b"%d:" % len(data) + data)
    return f"sha256:{digest.hexdigest()}"


def _parsed(name: str, text: str, problems: list[Problem]) -> Node | None:
    try:
        document = read_yaml(text, name)
    except ConfigError as error:
        problems.extend(error.problems)
        return None
    value = {} if document.data is None else document.data
    return Node(Source(document, text.split("\n"), problems), (), value)


def _conditions(
    declared: Declarations, vocabulary: Mapping[str, Fact], expressions: CelExpressions, usage: Usage
) -> ConditionReader:
    """The reader of conditions, which knows all named things."""
    texts, blocks = NamedTexts(usage), NamedConditions(usage)
    texts.read(declared.lists, declared.patterns)
    reader = ConditionReader(vocabulary, expressions, count(1), texts, blocks)
    blocks.read(declared.conditions, reader.read)
    return reader


class _Rules:
    """The rules of all files, in order; what is wrong has been reported."""

    def __init__(self, conditions: ConditionReader, declared: Declarations, usage: Usage, files: Sequence[Node]) -> None:
        self.found: list[Rule] = []
        self.targets = frozenset(declared.categories) | frozenset(declared.queues)
        self._conditions = conditions
        self._actions = ActionReader(declared.categories, self.targets, declared.calendars, declared.templates, usage)
        self._elsewhere = {
            **dict.fromkeys(conditions.known, "write it under when:"),
            **dict.fromkeys(self._actions.known, "write it under then:"),
        }
        self._places: dict[str, Node] = {}
        for file in files:
            for node in _listed(file, "rules"):
                self._rule(node)

    def _rule(self, node: Node) -> None:
        entries = node.mapping(keys.RULE, self._elsewhere)
        missing = [key for key in ("name", "then") if key not in entries]
        if missing and isinstance(node.value, dict):
            node.fail(f"must have {' and '.join(missing)}")
        name = self._name(entries["name"]) if "name" in entries else None
        when = self._conditions.read(entries["when"]) if "when" in entries else ()
        then = self._actions.read(entries["then"]) if "then" in entries else Actions()
        if name is not None:
            self.found.append(Rule(name, node.place, when, then))

    def _name(self, node: Node) -> str | None:
        name = node.text()
        if name is None:
            return None
        first = self._places.setdefault(name, node)
        if first is not node:
            file, line, _ = first.place
            node.fail(f"rule {name!r} is there already, at {file}:{line}")
        elif name in RULE_NAMES_TAKEN:
            node.fail(f"a rule cannot be called {name!r}", "explanations use the word for what no rule decided")
        elif len(name) > RULE_NAME_MAX or "," in name or not name.isprintable():
            node.fail(f"must have at most {RULE_NAME_MAX} characters, in one line and without a comma")
        return name


def _cases(files: Sequence[Node], reader: CaseReader) -> list[Case]:
    read = (reader.read(node) for file in files for node in _listed(file, "tests"))
    return [case for case in read if case is not None]


def _listed(file: Node, key: str) -> list[Node]:
    if not isinstance(file.value, dict) or file.value.get(key) is None:
        return []
    return list(file.child(key).items())
