"""How long a worker that died waits."""

from regia.running.backoff import PAUSES, STEADY, Backoff


def test_who_dies_at_once_again_and_again_waits_longer_and_longer() -> None:
    backoff = Backoff()
    assert [backoff.after(0.0) for _ in range(len(PAUSES) + 2)] == [*PAUSES, PAUSES[-1], PAUSES[-1]]


def test_who_had_worked_for_a_while_begins_anew() -> None:
    backoff = Backoff()
    for _ in range(4):
        backoff.after(STEADY - 1)
    assert backoff.deaths == 4
    assert backoff.after(STEADY) == PAUSES[0]
