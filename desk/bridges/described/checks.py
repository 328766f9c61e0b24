"""What is wrong with a description beyond the form of its parts, each with the way to its place."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pydantic import BaseModel

from connectors.declared.query import Query
from connectors.declared.template import Shape, Template
from desk.bridges.described.requests import Pages, Request

if TYPE_CHECKING:
    from desk.bridges.described.description import Description

Loc: TypeAlias = tuple[str | int, ...]
Problem: TypeAlias = tuple[Loc, str]

_CONTACT: Final = frozenset({"text", "mark", "sign", "files"})
_PAGED: Final = {"number": "page", "offset": "offset", "cursor": "cursor"}
WORDS: Final[dict[str, frozenset[str]]] = {
    "check": frozenset({"reopened"}),
    "open": _CONTACT | {"title", "subject", "priority", "follows"},
    "find": frozenset({"mark", "sign", "since", "minutes"}),
    "holds": frozenset({"ticket", "mark", "sign"}),
    "ticket": frozenset({"ticket"}),
    "add": _CONTACT | {"ticket", "title"},
    "note": frozenset({"ticket", "text", "mark", "sign"}),
    "reopen": frozenset({"ticket", "reopened"}),
    "upload": frozenset({"file", "filename", "content_type", "base64", "size"}),
    "changed": frozenset({"since", "minutes"}),
    "written": frozenset({"ticket", "since", "minutes"}),
}
"""The placeholders of each operation."""
_SEEN: Final = frozenset({"answer", "text", "status", "headers", "kept", "set", "ticket", "mark", "sign", "files", "reopened"})
"""What expressions see; those of a list see `item` too."""
_NEEDS: Final = ("find", "add", "note", "reopen", "files", "changed", "written")
_OF_A_TICKET: Final = ("holds", "ticket", "add", "note", "reopen", "written")


def problems(description: "Description") -> list[Problem]:
    """All of them."""
    return [*_lacks(description), *_operations(description), *_words(description), *_marks(description)]


def asks_for(description: "Description", name: str) -> bool:
    """Whether any text or expression has this."""
    return any(_asks(one, name) for _, steps in _steps(description) for one in steps)


def _asks(request: Request, name: str) -> bool:
    """In a text, or as the first name of an expression other than a condition: that does nothing with it."""
    ways = (way for loc, query in _queries(request, ()) if loc != ("when",) for way in query.ways)
    return name in _named(request) or any(way[0] == name for way in ways)


def _lacks(description: "Description") -> Iterator[Problem]:
    for place, lack in enumerate(description.lacks):
        if getattr(description, lack) is not None:
            yield ("lacks", place), f"{lack} is described, so the system does not lack it"
    for name in _NEEDS:
        if getattr(description, name) is None and name not in description.lacks:
            yield (), f"{name} is missing: describe it, or write it under lacks"


def _operations(description: "Description") -> Iterator[Problem]:
    if description.add is not None and description.ticket is None:
        yield (), "ticket is missing: add asks first whether the ticket is there, and open"
    if description.reopen is not None and not description.closed:
        yield ("reopen",), "opens closed tickets: say under closed which statuses those are"
    if description.written is not None and description.changed is None:
        yield ("written",), "is asked of tickets that changed tells of: describe that too"
    if description.written is not None and description.find is None and description.holds is None:
        yield ("written",), "needs find or holds: nothing else tells whether a ticket of this number is still the bridge's"
    if description.note is not None and description.find is None and description.holds is None:
        yield ("note",), "needs find or holds: else a note would be written again and again"
    if description.holds is None and any({"since", "minutes"} & _named(one) for one in description.find or ()):
        yield ("find",), "is asked by time, so it does not know all contacts: describe holds too"
    for name, kept in (("open", "ticket"), ("upload", "file")):
        steps = dict(_steps(description)).get(name)
        if steps is not None and not any(kept in one.keep for one in steps):
            yield _way(name), f"does not keep {kept}: write keep: {{{kept}: …}} where the answer has it"
    for name, steps in _steps(description):
        if name in _OF_A_TICKET and not any("ticket" in _named(one) for one in steps):
            yield (*_way(name), 0, "path"), "does not name {ticket}"
    carries = description.files is not None
    for name in ("open", "add"):
        steps = dict(_steps(description)).get(name, ())
        if carries and steps and not any(_asks(one, "files") for one in steps):
            yield _way(name), "does not take {files}, which files makes"


def _words(description: "Description") -> Iterator[Problem]:
    everywhere = {word for one in description.check for word in (*one.keep, *one.maybe)}
    yield from _texts(description.headers, ("headers",), frozenset({"url"}), description, set(), secrets=True)
    yield from _texts(description.auth, ("auth",), frozenset(), description, set(), secrets=True)
    yield from _texts(description.sign, ("sign",), frozenset({"mark"}), description, set())
    yield from _texts(description.url, ("url",), frozenset({"url", "ticket"}), description, everywhere)
    if description.files is not None and description.files.inside is not None:
        yield from _texts(description.files.inside, ("files", "inside"), WORDS["upload"] - {"file"}, description, everywhere)
    for name, steps in _steps(description):
        yield from _row(steps, _way(name), WORDS[name], description, everywhere if name != "check" else set())


def _row(
    steps: Iterable[Request], loc: Loc, words: frozenset[str], description: "Description", everywhere: Iterable[str]
) -> Iterator[Problem]:
    """Steps, each of which knows what those before it keep."""
    kept = set(everywhere)
    for place, one in enumerate(steps):
        first: tuple[Request, ...] = getattr(one, "first", None) or ()
        yield from _row(first, (*loc, place, "first"), words, description, kept)
        kept |= {word for each in first for word in (*each.keep, *each.maybe)}
        yield from _texts(one, (*loc, place), words | _pages(one), description, kept)
        kept |= {*one.keep, *one.maybe}
        yield from _expressions(one, (*loc, place), kept, description)


def _marks(description: "Description") -> Iterator[Problem]:
    if "mark" not in description.sign.names:
        yield ("sign",), "must hold {mark}: else nobody could tell one contact from another"
    if description.find is None and description.holds is None:
        return
    for name in ("open", "add", "note"):
        steps = dict(_steps(description)).get(name, ())
        if steps and not any({"mark", "sign"} & _named(one) for one in steps):
            yield _way(name), "must hold {mark} or {sign}: by it the contact is found again"


def _steps(description: "Description") -> Iterator[tuple[str, tuple[Request, ...]]]:
    for name in WORDS:
        if name == "upload":
            found: Any = description.files.upload if description.files is not None else None
        else:
            found = getattr(description, name)
        if found is not None:
            yield name, found if isinstance(found, tuple) else (found,)


def _way(name: str) -> Loc:
    return ("files", "upload") if name == "upload" else (name,)


def _pages(request: Request) -> frozenset[str]:
    """Placeholders that its pages give it."""
    pages: Pages | None = getattr(request, "pages", None)
    by = set() if pages is None else {"size", _PAGED.get(pages.by, "size")}
    return frozenset(by | ({"cursor"} if getattr(request, "cursor", None) is not None else set()))


def _named(part: Any) -> frozenset[str]:
    first = getattr(part, "first", None) or ()
    return frozenset(name for one in (part, *first) for _, template, _ in _templates(one, ()) for name in template.names)


def _templates(part: Any, loc: Loc) -> Iterator[tuple[Loc, Template, bool]]:
    """Every text below; whether it is a header."""
    if isinstance(part, Template):
        yield loc, part, "headers" in loc
    elif isinstance(part, Shape):
        yield from (((*loc, *way), template, False) for way, template in part.templates)
    elif isinstance(part, BaseModel):
        for name, info in type(part).model_fields.items():
            yield from _templates(getattr(part, name), (*loc, info.alias or name))
    elif isinstance(part, dict):
        for key, item in part.items():
            yield from _templates(item, (*loc, key))


def _texts(
    part: Any, loc: Loc, words: frozenset[str], description: "Description", kept: Iterable[str], *, secrets: bool = False
) -> Iterator[Problem]:
    known = {
        *words,
        *(f"set.{name}" for name in description.settings.values),
        *(f"kept.{name}" for name in kept),
    }
    with_secrets = known | {f"secret.{name}" for name in description.settings.secrets}
    for place, template, in_header in _templates(part, loc):
        allowed = with_secrets if secrets or in_header else known
        for name in sorted(template.names - allowed):
            listed = f"known are: {', '.join(sorted(allowed)) or 'none'}"
            hint = "secrets stand in auth and headers alone" if name in with_secrets else listed
            yield place, f"{{{name}}} is not known here; {hint}"


def _expressions(request: Request, loc: Loc, kept: Iterable[str], description: "Description") -> Iterator[Problem]:
    for place, query in _queries(request, loc):
        seen = _SEEN | {"item"} if _is_of_items(place) else _SEEN
        for way in sorted(query.ways):
            if way[0] not in seen:
                yield place, f"an expression here begins with one of: {', '.join(sorted(seen))}"
            elif way[0] == "kept" and len(way) > 1 and way[1] not in kept:
                yield place, f"kept.{way[1]} is kept by no step before; kept are: {', '.join(sorted(kept)) or 'none'}"
            elif way[0] == "set" and len(way) > 1 and way[1] not in description.settings.values:
                yield place, f"set.{way[1]} is no value of settings"


def _queries(part: Any, loc: Loc) -> Iterator[tuple[Loc, Query]]:
    if isinstance(part, Query):
        yield loc, part
    elif isinstance(part, BaseModel):
        for name, info in type(part).model_fields.items():
            if name != "first":  # steps of their own
                yield from _queries(getattr(part, name), (*loc, info.alias or name))
    elif isinstance(part, dict):
        for key, item in part.items():
            yield from _queries(item, (*loc, key))
    elif isinstance(part, tuple):
        for place, item in enumerate(part):
            yield from _queries(item, (*loc, place))


_OF_ANSWERS: Final = frozenset({"when", "list", "cursor", "keep", "maybe", "outcomes", "pages"})


def _is_of_items(loc: Loc) -> bool:
    return not _OF_ANSWERS & {part for part in loc if isinstance(part, str)}
