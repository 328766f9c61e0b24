"""Numbers of a journal that were not seen yet, as spans: a thousand contacts in a row that wait take no more room than one."""

from collections.abc import Iterable
from typing import TypeAlias

import orjson

Gaps: TypeAlias = tuple[tuple[int, int], ...]
"""First and last number of each span. They rise, and do not touch."""


def without(gaps: Gaps, seqs: Iterable[int]) -> Gaps:
    """What is left when these numbers, in any order and perhaps of no gap, were seen."""
    left: list[tuple[int, int]] = []
    seen = iter(sorted(seqs))
    seq = next(seen, None)
    for first, last in gaps:
        begin = first
        while seq is not None and seq <= last:
            if seq > begin:
                left.append((begin, seq - 1))
            begin = max(begin, seq + 1)
            seq = next(seen, None)
        if begin <= last:
            left.append((begin, last))
    return tuple(left)


def joined(before: Gaps, behind: Gaps) -> Gaps:
    """Both, of which the second ones are behind the first."""
    if before and behind and before[-1][1] + 1 == behind[0][0]:
        return (*before[:-1], (before[-1][0], behind[0][1]), *behind[1:])
    return (*before, *behind)


def written(gaps: Gaps) -> str:
    """As `read` reads them."""
    return orjson.dumps(gaps).decode()


def read(text: str) -> Gaps:
    """What `written` wrote."""
    return tuple((first, last) for first, last in orjson.loads(text))
