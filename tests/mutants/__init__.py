"""Mails that went wrong on their way, or were made to: mutations of the corpora, the same for the same seed and number."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from connectors.email import plus
from tests.mailcorpus import EVERY_KIND, build
from tests.mutants.bytewise import BYTEWISE
from tests.mutants.labels import LABELS
from tests.mutants.structure import STRUCTURE
from tests.mutants.tools import Edit, split

SAMPLES: Final = Path(__file__).parents[1] / "samples" / "email"
LARGEST: Final = 3 << 20
"""Bytes after which a mutation is cut off."""
KEY: Final = "a key that signs the marks"
"""The thread key under which some of the originals are reports about mails of ours."""

_MARK: Final = plus.mark("con_01J0ZQ3V5Y8A7B6C5D4E3F2G1H", KEY.encode())
_OURS: Final = plus.marked_id(_MARK, "0f" * 16, "casalinghi.example", KEY.encode())
_RETURNED: Final = b"<regia.0f0c6c2e@casalinghi.example>"
"""The mail that comes back with some of the samples."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """`name` tells its number, the original and what was done to it."""

    name: str
    raw: bytes


@cache
def originals() -> Mapping[str, bytes]:
    """Every sample, every built mail, and reports about a mail of ours."""
    found = {str(path.relative_to(SAMPLES)): path.read_bytes() for path in sorted(SAMPLES.rglob("*.eml"))}
    ours = {f"ours-{name}": raw.replace(_RETURNED, b"<%s>" % _OURS.encode()) for name, raw in found.items() if _RETURNED in raw}
    built = {f"built-{number}": sample.raw for number, sample in enumerate(build(EVERY_KIND))}
    return {**found, **ours, **built}


def splice(chance: Random, raw: bytes) -> bytes:
    """Two mails in one: the header of one above the text of the other, or cut together anywhere."""
    other = chance.choice(list(originals().values()))
    if chance.random() < 0.5:
        return split(raw)[0] + split(other)[1]
    return raw[: chance.randrange(len(raw) + 1)] + other[chance.randrange(len(other)) :]


EDITS: Final[Mapping[str, Edit]] = {**BYTEWISE, **LABELS, **STRUCTURE, "splice": splice}


def mutant(number: int, seed: int) -> Mutant:
    """Every edit in turn, and with a chance of one half others after it."""
    chance = Random(f"{seed}/{number}")  # noqa: S311  # chance, not a secret
    names = list(EDITS)
    origin, raw = chance.choice(list(originals().items()))
    done = [names[number % len(names)], *chance.choices(names, k=chance.choice((0, 0, 1, 2)))]
    for name in done:
        raw = EDITS[name](chance, raw)[:LARGEST]
    return Mutant(f"{number:05} {origin} {'+'.join(done)}", raw)


def mutants(count: int, seed: int) -> Iterator[Mutant]:
    return (mutant(number, seed) for number in range(count))
