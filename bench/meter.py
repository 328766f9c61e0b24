"""The time of one part: added up over many short stretches, what lies between them left out."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")

_STRETCH: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Microseconds a message: `wall` by the clock, `cpu` of processor time in all threads of this process."""

    what: str
    messages: int
    wall: float
    cpu: float


class Meter:
    """`with meter: …` is a stretch, `did` says how many messages it was. Wants more until `seconds` are used up."""

    def __init__(self, what: str, seconds: float) -> None:
        self.what = what
        self._seconds = seconds
        self._messages = 0
        self._wall = self._cpu = 0.0

    @property
    def wants_more(self) -> bool:
        return self._messages == 0 or self._wall < self._seconds

    def __enter__(self) -> None:
        self._started = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        wall, cpu = self._started
        self._wall += time.perf_counter() - wall
        self._cpu += time.process_time() - cpu

    def did(self, messages: int) -> None:
        self._messages += messages

    @property
    def part(self) -> Part:
        wall, cpu = (used / self._messages * 1e6 for used in (self._wall, self._cpu))
        return Part(what=self.what, messages=self._messages, wall=wall, cpu=cpu)


def each(what: str, seconds: float, make: Callable[[], T], work: Callable[[T], object], *, stretch: int = _STRETCH) -> Part:
    """`work` on one input after the other, which `make` gives; `stretch` of them are held ready at once."""
    meter = Meter(what, seconds)
    work(make())  # whatever is loaded at the first call
    while meter.wants_more:
        inputs = [make() for _ in range(stretch)]
        with meter:
            for one in inputs:
                work(one)
        meter.did(len(inputs))
    return meter.part
