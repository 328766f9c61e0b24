"""The fast way from YAML text to its tree of nodes: libyaml reads it, in a tenth of the time that ruamel.yaml takes.

libyaml reads YAML 1.1, of which 1.2 is nearly a part, and its errors quote the text. So it is believed only where both are
known to read alike: text with a sign of anything else, and text that it refuses, raise Unsure and are for ruamel.yaml.
What a plain scalar is (a number, a truth value, null) is asked of the resolver of ruamel.yaml in either case.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml import CSafeLoader, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

_UNLIKE: Final = re.compile(r"[\t\x85\u2028\u2029\ufeff]|\r(?!\n)|^(?:%|\.\.\.)", re.MULTILINE)
"""Tabs, which may separate here and not there; line breaks of YAML 1.1 and of old machines; directives; ends of documents."""
_AFTER_NAME: Final = " \r\n,]}"
"""What may follow the name of an anchor; YAML 1.2 takes nearly any other sign into the name."""
_BLOCKS: Final = ("|", ">")
_HEADER: Final = re.compile(r"[|>][-+1-9]*(?: |\r?\n)")
"""How a block of text begins. Where its first line has spaces only, libyaml overlooks that these may be too many."""

Resolve = Callable[[type[Node], str | None, tuple[bool, bool]], Any]


class Unsure(Exception):
    """The text is for ruamel.yaml: it is wrong, past a limit, or perhaps another thing in YAML 1.2."""


def compose(text: str, resolve: Resolve, *, most: int, deepest: int) -> Node | None:
    """The tree as ruamel.yaml makes it, None where there is no document; at most so many nodes, so deep.

    `resolve` gives the tag of a node. Raises Unsure.
    """
    if _UNLIKE.search(text):
        raise Unsure
    try:
        return _Composer(text, resolve, most, deepest).document()
    except YAMLError:
        raise Unsure from None  # the error quotes the text


class _Composer:
    """Builds one document."""

    def __init__(self, text: str, resolve: Resolve, most: int, deepest: int) -> None:
        self._text = text
        self._next = CSafeLoader(text).get_event
        self._left = most
        self._deepest = deepest
        self._resolve = resolve
        self._anchors: dict[str, Node] = {}
        self._tags: dict[str, Any] = {}
        self._str = resolve(ScalarNode, None, (False, True))
        self._list = resolve(SequenceNode, None, (True, False))
        self._map = resolve(MappingNode, None, (True, False))

    def document(self) -> Node | None:
        self._expect(StreamStartEvent)
        start = self._next()
        if start.__class__ is StreamEndEvent:
            return None
        if start.__class__ is not DocumentStartEvent or start.version is not None or start.tags:
            raise Unsure
        root = self._node(self._next(), 1)
        if root.__class__ is ScalarNode:
            raise Unsure
        self._expect(DocumentEndEvent)
        self._expect(StreamEndEvent)
        return root

    def _expect(self, kind: type) -> None:
        if self._next().__class__ is not kind:
            raise Unsure

    def _node(self, event: Any, depth: int) -> Node:
        """The node that the event begins, which is the so manieth from the root, with all that is in it."""
        self._left -= 1
        if self._left < 0 or depth > self._deepest:
            raise Unsure
        kind = event.__class__
        if kind is AliasEvent:
            return self._alias(event)
        if event.tag is not None:
            raise Unsure
        if kind is ScalarEvent:
            return self._anchored(event, self._scalar(event))
        if kind is SequenceStartEvent:
            return self._sequence(event, depth + 1)
        return self._mapping(event, depth + 1)

    def _alias(self, event: Any) -> Node:
        node = self._anchors.get(self._name(event))
        if node is None:
            raise Unsure
        return node

    def _anchored(self, event: Any, node: Node) -> Node:
        if event.anchor is not None:
            self._anchors[self._name(event)] = node
        return node

    def _name(self, event: Any) -> str:
        """The name of an anchor or an alias, where both would end it there."""
        name: str = event.anchor
        end = event.start_mark.index + 1 + len(name)
        if self._text[end : end + 1] not in _AFTER_NAME:
            raise Unsure
        return name

    def _scalar(self, event: Any) -> Node:
        value = event.value
        if not event.implicit[0]:
            if event.style in _BLOCKS and (value[:1] in "\n" or not _HEADER.match(self._text, event.start_mark.index)):
                raise Unsure
            return ScalarNode(self._str, value, event.start_mark, event.end_mark, style=event.style)
        tag = self._tags.get(value)
        if tag is None:
            tag = self._tags[value] = self._resolve(ScalarNode, value, (True, False))
        return ScalarNode(tag, value, event.start_mark, event.end_mark)

    def _sequence(self, event: Any, depth: int) -> Node:
        items: list[Node] = []
        node = self._anchored(event, SequenceNode(self._list, items, event.start_mark, flow_style=event.flow_style))
        while (event := self._next()).__class__ is not SequenceEndEvent:
            items.append(self._node(event, depth))
        node.end_mark = event.end_mark
        return node

    def _mapping(self, event: Any, depth: int) -> Node:
        if event.flow_style and event.anchor is None and self._text[event.start_mark.index] != "{":
            raise Unsure  # `["a":b]`: a pair without braces
        entries: list[tuple[Node, Node]] = []
        node = self._anchored(event, MappingNode(self._map, entries, event.start_mark, flow_style=event.flow_style))
        while (event := self._next()).__class__ is not MappingEndEvent:
            key = self._node(event, depth)
            if not key.value:  # the mark of a key that is left out
                raise Unsure
            entries.append((key, self._node(self._next(), depth)))
        node.end_mark = event.end_mark
        return node
