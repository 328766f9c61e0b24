"""The judge must see what it is there for: ledgers in which something is wrong."""

import dataclasses

import pytest

from faults.judge import Accounts, Window
from faults.ledger import Answered, Delivered, Line, Sent
from faults.messages import QUEUES

SENDERS = 2
WINDOW = Window(begun=10.0, mended=20.0)


def sent(n: int, at: float, node: int = 0) -> Sent:
    return Sent(n=n, due=at, at=at, node=node)


def accepted(n: int, at: float, status: int = 200, line: int = 0) -> Answered:
    return Answered(n=n, at=at, status=status, line=line)


def arrived(n: int, at: float, **more: str | int) -> Delivered:
    line = Delivered(n=n, at=at, queue=QUEUES[n // SENDERS % 4], envelope=f"e{n}", digest="d", customer="c", sequence=n)
    return Delivered(**{**{name: getattr(line, name) for name in line.__struct_fields__}, **more})


def accounts(*lines: Line) -> Accounts:
    made = Accounts(SENDERS)
    made.read(lines)
    return made


def test_lost_is_what_was_accepted_and_never_came() -> None:
    made = accounts(sent(0, 1), accepted(0, 2), sent(1, 1), accepted(1, 2, 503), sent(2, 1), accepted(2, 2), arrived(2, 3))
    figures = made.figures(WINDOW)
    assert (figures.sent, figures.accepted, figures.delivered, figures.lost, figures.refused) == (3, 2, 1, 1, 1)


@pytest.mark.parametrize("other", [{"envelope": "other", "customer": "other"}, {"digest": "other"}])
def test_a_repeat_has_the_same_id_and_bytes(other: dict[str, str]) -> None:
    made = accounts(sent(0, 1), accepted(0, 2), arrived(0, 3), arrived(0, 4), arrived(0, 5, **other))
    figures = made.figures(WINDOW)
    assert (figures.delivered, figures.repeated, figures.changed) == (1, 2, 1)


def test_a_sequence_is_given_once() -> None:
    twice = Delivered(n=2, at=3, queue=QUEUES[1], envelope="e2", digest="d", customer="c", sequence=0)
    assert accounts(sent(0, 1), sent(2, 1), arrived(0, 3), twice).figures(WINDOW).changed == 1


def test_held_is_what_came_late() -> None:
    made = accounts(sent(0, 1), accepted(0, 2), arrived(0, 9), sent(1, 1), accepted(1, 2), arrived(1, 3))
    assert (made.held(), made.held(QUEUES[:1]), made.held(QUEUES[1:])) == (1, 1, 0)


def test_a_delivery_from_another_queue_is_none() -> None:
    figures = accounts(sent(0, 1), accepted(0, 2), arrived(0, 3, queue=QUEUES[1]), arrived(7, 3)).figures(WINDOW)
    assert (figures.lost, figures.changed) == (1, 2)


def test_order_is_asked_of_what_followed_an_answer() -> None:
    first, second = 0, SENDERS * len(QUEUES)  # one sender, one queue
    one_by_one = (sent(first, 1), accepted(first, 2), sent(second, 3), accepted(second, 4))
    together = (sent(first, 1), sent(second, 1.5), accepted(first, 2), accepted(second, 4))
    assert accounts(*one_by_one, arrived(first, 5), arrived(second, 6)).disordered == 0
    assert accounts(*one_by_one, arrived(second, 5), arrived(first, 6)).disordered == 1
    assert accounts(*one_by_one, arrived(first, 5), arrived(second, 6), arrived(first, 7)).disordered == 0
    assert accounts(*together, arrived(second, 5), arrived(first, 6)).disordered == 0


def test_order_is_asked_of_one_node() -> None:
    first, second = 0, SENDERS * len(QUEUES)
    lines = (sent(first, 1), accepted(first, 2), sent(second, 3, node=1), accepted(second, 4))
    assert accounts(*lines, arrived(second, 5), arrived(first, 6)).disordered == 0


def test_order_is_asked_of_one_connection_where_workers_share_a_port() -> None:
    first, second = 0, SENDERS * len(QUEUES)
    crossed = (arrived(second, 5), arrived(first, 6))

    def lines(one: int, other: int) -> tuple[Line, ...]:
        return sent(first, 1), accepted(first, 2, line=one), sent(second, 3), accepted(second, 4, line=other)

    assert accounts(*lines(1, 1), *crossed).disordered == 1
    assert accounts(*lines(1, 2), *crossed).disordered == 0
    over_two = (sent(first, 1), accepted(first, 2, 0, line=-1), sent(first, 2), accepted(first, 2, line=1))
    assert accounts(*over_two, sent(second, 3), accepted(second, 4, line=1), *crossed).disordered == 0


def test_waiting_runs_from_when_a_message_was_due() -> None:
    line = Sent(n=0, due=1.0, at=5.0, node=0)
    assert accounts(line, accepted(0, 6.0)).figures(WINDOW).slowest == 5.0


def test_publishing_again_is_seen_by_what_was_accepted_in_the_fault() -> None:
    before = (sent(0, 9), accepted(0, 9.5), arrived(0, 20.5))
    during = (sent(1, 11), accepted(1, 11.5), arrived(1, 21.5))
    assert accounts(*before, *during).figures(WINDOW).again == pytest.approx(1.5)
    stale = dataclasses.replace(WINDOW, stale=5)
    assert accounts(*before, *during).figures(stale).again is None
    assert accounts(*before, *during[:2], arrived(1, 21.5, attempt=2)).figures(stale).again == pytest.approx(1.5)
    assert accounts(*before[:2], arrived(0, 20.5, attempt=2)).figures(stale).again is None


def test_drained_is_when_nothing_old_is_on_its_way() -> None:
    backlog = (sent(0, 12), accepted(0, 12), arrived(0, 23))
    behind_it = (sent(1, 20.5), accepted(1, 20.5), arrived(1, 24))
    later = (sent(2, 30), accepted(2, 30), arrived(2, 40))
    assert accounts(*backlog, *behind_it, *later).figures(WINDOW).drained == pytest.approx(4.0)
    assert accounts(*backlog, sent(3, 12), accepted(3, 12)).figures(WINDOW).drained is None


def test_drained_runs_from_the_failure_where_nothing_is_repaired() -> None:
    failure = Window(begun=10.0, mended=10.0)
    assert accounts(sent(0, 10.5), accepted(0, 10.5), arrived(0, 16)).figures(failure).drained == pytest.approx(6.0)
    assert accounts(sent(0, 10.5), accepted(0, 10.5), arrived(0, 11)).figures(failure).drained == 0.0
