"""Whether the clock that tells the time goes as the one that nobody sets."""

import pytest

from regia.watch.clocks import Evenness


class Clocks:
    wall = 1_800_000_000.0
    steady = 5_000.0

    def __init__(self) -> None:
        self.evenness = Evenness(lambda: self.wall, lambda: self.steady)

    def minutes(self, number: int, *, drift: float = 0.0) -> bool:
        """So many minutes with a look in each; what the last one said."""
        said = False
        for _ in range(number):
            self.steady += 60
            self.wall += 60 + drift
            said = self.evenness.look()
        return said


def test_for_an_hour_nothing_is_known() -> None:
    clocks = Clocks()
    assert not clocks.minutes(59)
    assert clocks.minutes(1)


@pytest.mark.parametrize("jump", [30 * 86_400, -86_400, 301, -301])
def test_a_jump_begins_the_hour_anew(jump: float) -> None:
    clocks = Clocks()
    assert clocks.minutes(90)
    clocks.wall += jump
    assert not clocks.minutes(60)
    assert clocks.minutes(1)


def test_what_a_clock_corrects_by_and_by_is_no_jump() -> None:
    clocks = Clocks()
    assert clocks.minutes(300, drift=0.5)
    clocks.wall -= 20
    assert clocks.minutes(1)
