"""The scenarios: what goes wrong, for how long, and what must hold all the same."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from faults import broker
from faults.judge import Figures, Window
from faults.stage import Servers, Stage

LOST, CHANGED, DISORDERED = 0, 0, 0
P99_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 15.0
DRAINED_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `note` says what else was seen, or what kept the scenario from being played."""

    name: str
    what: str
    seconds: float
    figures: Figures | None
    peak_mb: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`play` makes the fault on a stage it sets up itself, for so many seconds. `accepts`: every request has to get a 2xx,
    and soon; not asked where a gateway itself is killed."""

    name: str
    what: str
    play: Callable[["Scenario", Servers, Path, float], Row]
    long: float
    short: float
    accepts: bool = True

    def wrong(self, row: Row) -> list[str]:
        """Requirements that the row does not meet; nothing for a row that was not played."""
        figures = row.figures
        if figures is None:
            return []
        found = {
            f"{figures.lost} accepted messages were never delivered": figures.lost > LOST,
            f"{figures.changed} deliveries had another id, other bytes or another queue": figures.changed > CHANGED,
            f"{figures.disordered} deliveries were out of order": figures.disordered > DISORDERED,
            f"{figures.sent - figures.accepted} messages were never accepted": figures.accepted < figures.sent,
            f"{figures.refused} requests got no 2xx": self.accepts and figures.refused > 0,
            f"the 99th percentile of answers is {figures.p99:.2f} s": self.accepts and figures.p99 > P99_SECONDS,
            f"publishing again took {_seconds(figures.again)}": figures.again is None or figures.again > AGAIN_SECONDS,
            f"draining took {_seconds(figures.drained)}": figures.drained is None or figures.drained > DRAINED_SECONDS,
        }
        return [f"{row.name}: {text}" for text, holds in found.items() if holds]


def _seconds(time_: float | None) -> str:
    return "for ever" if time_ is None else f"{time_:.1f} s"


Fault = Callable[[Stage, float], Window]


def simple(fault: Fault, *, before: float = 2.0, after: float = 3.0) -> Callable[[Scenario, Servers, Path, float], Row]:
    """One gateway; traffic, the fault in the middle of it, traffic until all has caught up."""

    def play(scenario: Scenario, servers: Servers, folder: Path, seconds: float) -> Row:
        with Stage(servers, folder) as stage:
            stage.start()
            stage.listen()
            stage.begin()
            return run(scenario, stage, seconds, fault, before=before, after=after)

    return play


def run(
    scenario: Scenario, stage: Stage, seconds: float, fault: Fault, *, before: float = 2.0, after: float = 3.0, note: str = ""
) -> Row:
    """The fault on a stage where traffic flows; the row."""
    time.sleep(before)
    window = fault(stage, seconds)
    time.sleep(after)
    stage.caught_up(DRAINED_SECONDS)
    stage.finish()
    figures = stage.accounts.figures(window)
    return Row(name=scenario.name, what=scenario.what, seconds=seconds, figures=figures, peak_mb=stage.peak_mb, note=note)


SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario(name="killed", what="RabbitMQ killed (SIGKILL), back later", play=simple(broker.killed), long=10, short=2),
)
