"""`regia sla` as people read it."""

import pytest

from desk.sla.views import Kept, Shown
from regia.cli import sla


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0m"), (59, "59s"), (60, "1m"), (3_661, "1h1m"), (93_600, "1d2h"), (-5_400, "-1h30m"), (-30, "-30s")],
)
def test_durations(seconds: int, written: str) -> None:
    assert sla.duration(seconds) == written


def test_lines() -> None:
    known = {
        "conversation": "con_1",
        "message": "m1",
        "brand": "demo",
        "category": "returns",
        "started_ms": 0,
        "calendar": None,
    }
    runs = Shown(**known, promise="first_reply", state="overdue", due_ms=1_795_000_000_000, left=None)  # type: ignore[arg-type]  # by name
    stands = Shown(**known, promise="resolution", state="paused", due_ms=None, left=5_400)  # type: ignore[arg-type]  # as above
    assert sla._line(runs) == "overdue  2026-11-18T11:06:40.000Z  first_reply  demo returns  con_1  m1"
    assert sla._line(stands).split() == ["paused", "1h30m", "left", "resolution", "demo", "returns", "con_1", "m1"]
    counts = {"category": "returns", "promise": "first_reply", "kept": 3, "missed": 1, "dropped": 0, "running": 2, "overdue": 1}
    told = "returns first_reply: kept 3, missed 1, dropped 0, running 2, overdue 1"
    assert sla._counted(Kept(**counts, median=None, p90=None)) == told  # type: ignore[arg-type]  # as above
    assert sla._counted(Kept(**counts, median=600, p90=7_200)) == f"{told}; median 10m, p90 2h"  # type: ignore[arg-type]  # as above
