"""How a scenario is played, and what must hold whatever fails."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from faults.judge import Figures, Window
from faults.stage import Servers, Stage
from tests.servers.process import free_port
from tests.servers.proxy import Proxy

LOST, CHANGED, DISORDERED = 0, 0, 0
P99_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 15.0
DRAINED_SECONDS: Final = 120.0
PEAK_MB: Final = 600.0
"""What a process of a gateway may have in use, however much waits."""
BEFORE_SECONDS: Final = 1.0
AFTER_SECONDS: Final = 2.0
"""Of traffic on both sides of the fault, at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `note` says what else was seen, or what kept the scenario from being played."""

    name: str
    what: str
    seconds: float
    figures: Figures | None
    peak_mb: float = 0.0
    note: str = ""
    lasted: float = 0.0
    """How long the failure was there in fact, where times are told from its beginning."""
    wrong: tuple[str, ...] = ()
    """What this scenario alone asks, and does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`play` makes the fault on a stage it sets up itself, for so many seconds. `accepts`: every request has to get a 2xx,
    and soon; not asked where a gateway itself is killed. `stops`: without the fault having stopped deliveries for a while
    nothing was tried. `prompt`: publishing has to go on soon. Otherwise, where times are told from the failure, soon
    after its end."""

    name: str
    what: str
    play: Callable[["Scenario", Servers, Path, float], Row]
    long: float
    short: float
    accepts: bool = True
    stops: bool = True
    prompt: bool = True

    def wrong(self, row: Row, *, slack: float = 1.0) -> list[str]:
        """Requirements that the row does not meet; nothing for a row that was not played. Limits of time are multiplied by
        `slack`, for a machine that does other things too."""
        figures = row.figures
        if figures is None:
            return []
        again = AGAIN_SECONDS + (0.0 if self.prompt else row.lasted)
        found = {
            f"{figures.lost} accepted messages were never delivered": figures.lost > LOST,
            f"{figures.changed} deliveries had another id, bytes, queue, or another's sequence": figures.changed > CHANGED,
            f"{figures.disordered} deliveries were out of order": figures.disordered > DISORDERED,
            f"{figures.sent - figures.accepted} messages were never accepted": figures.accepted < figures.sent,
            f"{figures.refused} requests got no 2xx": self.accepts and figures.refused > 0,
            f"the 99th percentile of answers is {figures.p99:.2f} s": self.accepts and figures.p99 > P99_SECONDS * slack,
            "the fault stopped no delivery": self.stops and figures.held == 0,
            f"publishing again took {_seconds(figures.again)}": figures.again is None or figures.again > again * slack,
            f"a process of a gateway had {row.peak_mb:.0f} MB in use": row.peak_mb > PEAK_MB,
            f"draining took {_seconds(figures.drained)}": figures.drained is None or figures.drained > DRAINED_SECONDS * slack,
        }
        return [f"{row.name}: {text}" for text in (*(text for text, holds in found.items() if holds), *row.wrong)]


def _seconds(time_: float | None) -> str:
    return "for ever" if time_ is None else f"{time_:.1f} s"


Fault = Callable[[Stage, float], Window]
Play = Callable[[Scenario, Servers, Path, float], Row]


def simple(fault: Fault, *, nodes: int = 1, workers: int = 1) -> Play:
    """Gateways; traffic, the fault in the middle of it, traffic until all has caught up."""

    def play(scenario: Scenario, servers: Servers, folder: Path, seconds: float) -> Row:
        with Stage(servers, folder, nodes=nodes, workers=workers) as stage:
            stage.start()
            return run(scenario, stage, seconds, fault)

    return play


def proxied(fault: Callable[[Proxy], Fault]) -> Play:
    """One gateway, which reaches its broker through a proxy; the ticket system does not need it."""

    def play(scenario: Scenario, servers: Servers, folder: Path, seconds: float) -> Row:
        broker = servers.rabbitmq
        vhost = broker.new_vhost()
        with Proxy(broker.port, free_port()) as proxy:
            through = vhost.replace(f":{broker.port}/", f":{proxy.port}/")
            with Stage(servers, folder, amqp=through, consume=[vhost]) as stage:
                stage.start()
                return run(scenario, stage, seconds, fault(proxy))

    return play


def run(scenario: Scenario, stage: Stage, seconds: float, fault: Fault) -> Row:
    """Traffic, the fault, traffic until it has caught up; the row."""
    stage.listen()
    stage.begin()
    time.sleep(BEFORE_SECONDS)
    window = fault(stage, seconds)
    return end(scenario, stage, seconds, window)


def end(scenario: Scenario, stage: Stage, seconds: float, window: Window, *, note: str = "") -> Row:
    """Traffic goes on until all has caught up; the row."""
    time.sleep(AFTER_SECONDS)
    stage.caught_up(DRAINED_SECONDS)
    stage.finish()
    figures = stage.accounts.figures(window)
    return Row(name=scenario.name, what=scenario.what, seconds=seconds, figures=figures, peak_mb=stage.peak_mb, note=note)
