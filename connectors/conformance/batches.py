"""One request, many events: each is read by itself, whatever its neighbours are."""

import json
from collections.abc import Iterator
from typing import Any, Final

from connectors.base import Parsed
from connectors.conformance.bodies import Way, at, dump, is_json, put, ways, without
from connectors.conformance.check import Check, held, keys, read, require
from connectors.conformance.subject import Subject

_MANY: Final = 2_000
_BAD: Final[tuple[Any, ...]] = (17, None, "x", [], {}, {"type": 5}, {"id": [], "type": {}})
"""What may stand in the place of an event."""


def every_event_of_a_batch_is_read(subject: Subject) -> None:
    """One request holds several events; each is there, not only the first."""
    parsed = read(subject, _batch(subject), subject.batch or "")
    require(held(parsed) > 1, f"{subject.batch}: {held(parsed)} of several events")
    require(len(set(keys(parsed))) == len(keys(parsed)), f"{subject.batch}: its events do not have keys of their own")
    for way, array in _arrays(subject):
        for index in range(len(array)):
            gone = read(subject, dump(without(json.loads(_batch(subject)), (*way, index))), "a batch without one of its events")
            require(held(gone) <= held(parsed), f"{subject.batch}: more is read of it when an element is taken out")


def a_bad_event_never_spoils_its_neighbours(subject: Subject) -> None:
    """With any value in the place of one event, all others are read as before."""
    document = json.loads(_batch(subject))
    for way, array in _arrays(subject):
        for index in range(len(array)):
            rest = read(subject, dump(without(document, (*way, index))), "a batch without one of its events")
            for bad in _BAD:
                found = read(subject, dump(put(document, (*way, index), bad)), "a batch with a bad event")
                where = f"{subject.batch}: {bad!r} at {'.'.join(map(str, (*way, index)))}"
                lost = set(keys(rest)) - set(keys(found))
                require(not lost or not _events(rest, way), f"{where}: {len(lost)} of its neighbours are lost")


def _events(rest: Parsed, way: Way) -> bool:
    """Whether the array is one of events: what remains is still several things, or it is not inside an event."""
    return held(rest) > 0 and len(way) > 0


def many_events_are_all_read(subject: Subject) -> None:
    """Thousands of events in one request are thousands of events."""
    document = json.loads(_batch(subject))
    for way, array in _arrays(subject):
        before = held(read(subject, _batch(subject), "the batch"))
        many = put(document, way, array + [array[0]] * _MANY)
        found = held(read(subject, dump(many), f"{_MANY} events"))
        require(found >= before + _MANY, f"of {_MANY} more events at {way} only {found - before} were read")


def _batch(subject: Subject) -> bytes:
    return subject.samples[subject.batch or subject.contact]


def _arrays(subject: Subject) -> Iterator[tuple[Way, list[Any]]]:
    """The arrays of the batch that hold its events: taking an element out takes an event out."""
    document = json.loads(_batch(subject))
    whole = keys(read(subject, _batch(subject), "the batch"))
    for way in ways(document):
        array = at(document, way)
        if isinstance(array, list) and len(array) > 1:
            less = keys(read(subject, dump(without(document, (*way, 0))), "the batch without an element"))
            more = keys(read(subject, dump(without(document, (*way, len(array) - 1))), "the batch without an element"))
            if len(less) < len(whole) and len(more) < len(whole):
                yield way, array


def _has_batch(subject: Subject) -> bool:
    return subject.batch is not None and is_json(_batch(subject))


BATCHES: Final[tuple[Check, ...]] = (
    Check(every_event_of_a_batch_is_read, _has_batch),
    Check(a_bad_event_never_spoils_its_neighbours, _has_batch),
    Check(many_events_are_all_read, _has_batch),
)
