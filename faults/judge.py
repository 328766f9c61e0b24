"""What the two ledgers say together. The gateway's own figures have no part in it."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from faults.ledger import Answered, Delivered, Line, Sent
from faults.messages import QUEUES, queue_of, sender_of

BEHIND: Final = 2.0
"""Seconds between acceptance and delivery from which on a message counts as delayed by the fault."""


@dataclass(slots=True)
class Story:
    """All that is known of one message. Times are of the monotonic clock."""

    due: float
    sent: float
    """The first attempt."""
    nodes: set[int] = field(default_factory=set)
    lines: set[int] = field(default_factory=set)
    """Connections of its customer that carried an attempt: one belongs to one worker."""
    accepted: float | None = None
    """The first 2xx."""
    delivered: float | None = None
    """The first delivery."""
    attempt: int = 0
    """Of the publish that was delivered first."""
    identity: tuple[str, str] | None = None
    """Envelope id and digest of the first delivery."""


@dataclass(frozen=True, slots=True)
class Window:
    """When the fault began and when its cause was gone.

    `stale`: seconds after the beginning in which a message may have been written to a connection that hung already, so that its
    delivery is no proof of a publish after the repair. A second attempt is one: it needs a new connection, and that an answer.
    """

    begun: float
    mended: float
    stale: float = 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of messages; `repeated` and `changed` of deliveries; times in seconds, None when it never happened."""

    sent: int
    accepted: int
    delivered: int
    lost: int
    repeated: int
    changed: int
    disordered: int
    refused: int
    """Attempts without a 2xx."""
    held: int
    """Messages that took longer than `BEHIND` from acceptance to delivery."""
    p50: float
    p99: float
    slowest: float
    again: float | None
    drained: float | None


class Accounts:
    """Takes in ledger lines in the order in which each ledger has them."""

    def __init__(self, senders: int) -> None:
        self._senders = senders
        self.stories: dict[int, Story] = {}
        self._order: dict[tuple[int, str], list[int]] = defaultdict(list)
        """First deliveries by sender and queue."""
        self._sequences: dict[tuple[str, int], str] = {}
        """Envelope by customer and sequence."""
        self._repeated = self._changed = 0
        self.refusals: Counter[int] = Counter()
        """Attempts without a 2xx by status; 0 is no answer."""
        self._strange: list[Delivered] = []

    def read(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if isinstance(line, Sent):
                story = self.stories.setdefault(line.n, Story(line.due, line.at))
                story.nodes.add(line.node)
            elif isinstance(line, Answered):
                self._answered(line)
            else:
                self._delivered(line)

    def _answered(self, line: Answered) -> None:
        story = self.stories[line.n]
        story.lines.add(line.line)
        if not 200 <= line.status < 300:  # noqa: PLR2004  # 2xx
            self.refusals[line.status] += 1
        elif story.accepted is None:
            story.accepted = line.at

    def _delivered(self, line: Delivered) -> None:
        story = self.stories.get(line.n)
        if story is None or line.queue != queue_of(line.n, self._senders):
            self._strange.append(line)
            return
        self._changed += self._sequences.setdefault((line.customer, line.sequence), line.envelope) != line.envelope
        identity = (line.envelope, line.digest)
        if story.identity is None:
            story.identity, story.delivered, story.attempt = identity, line.at, line.attempt
            self._order[sender_of(line.n, self._senders), line.queue].append(line.n)
            return
        self._repeated += 1
        self._changed += identity != story.identity

    def undelivered(self, queue: str, before: float) -> set[int]:
        """Messages of a queue that were accepted before and not delivered so far."""
        return {
            n
            for n, story in self.stories.items()
            if story.accepted is not None
            and story.accepted < before
            and story.delivered is None
            and queue_of(n, self._senders) == queue
        }

    @property
    def strange(self) -> int:
        """Deliveries of what was never sent, or from another queue than the message belongs to."""
        return len(self._strange)

    @property
    def missing(self) -> int:
        """Accepted and not delivered so far."""
        return sum(story.accepted is not None and story.delivered is None for story in self.stories.values())

    @property
    def disordered(self) -> int:
        """First deliveries that came after one of the same sender and queue which was sent only when this one had been
        accepted already. Requests that were on their way together have no order, and neither have requests to different
        nodes or workers: a message that was sent to several, or over several connections where workers share a port, is
        left out."""
        count = 0
        for numbers in self._order.values():
            latest: dict[tuple[int, int], float] = {}
            for story in (self.stories[n] for n in numbers):
                if len(story.nodes) != 1 or len(story.lines) != 1 or story.accepted is None:
                    continue
                (node,), (line,) = story.nodes, story.lines
                count += latest.get((node, line), 0.0) > story.accepted
                latest[node, line] = max(latest.get((node, line), 0.0), story.sent)
        return count

    def held(self, queues: Iterable[str] = QUEUES) -> int:
        """Messages of these queues that took longer than `BEHIND` from acceptance to delivery."""
        wanted = set(queues)
        return sum(
            story.delivered > story.accepted + BEHIND
            for n, story in self.stories.items()
            if story.accepted is not None and story.delivered is not None and queue_of(n, self._senders) in wanted
        )

    def figures(self, window: Window) -> Figures:
        stories = self.stories.values()
        waits = sorted(story.accepted - story.due for story in stories if story.accepted is not None) or [0.0]
        return Figures(
            sent=len(stories),
            accepted=sum(story.accepted is not None for story in stories),
            delivered=sum(story.delivered is not None for story in stories),
            lost=self.missing,
            repeated=self._repeated,
            changed=self._changed + self.strange,
            disordered=self.disordered,
            refused=self.refusals.total(),
            held=self.held(),
            p50=waits[len(waits) // 2],
            p99=waits[min(len(waits) - 1, len(waits) * 99 // 100)],
            slowest=waits[-1],
            again=self._again(window),
            drained=self._drained(window),
        )

    def _again(self, window: Window) -> float | None:
        """From the repair to the first delivery that must have been published after it."""
        times = (
            story.delivered
            for story in self.stories.values()
            if story.accepted is not None and story.delivered is not None and _after(window, story, story.accepted)
        )
        first = min((at for at in times if at >= window.mended), default=None)
        return None if first is None else first - window.mended

    def _drained(self, window: Window) -> float | None:
        """From the repair to the first moment at which everything accepted `BEHIND` seconds before was delivered."""
        late = sorted(
            (story.accepted + BEHIND, story.delivered)
            for story in self.stories.values()
            if story.accepted is not None and story.delivered is not None and story.delivered > story.accepted + BEHIND
        )
        # What is accepted right after the beginning is late `BEHIND` after it at the earliest.
        moment, ended = window.begun + BEHIND + 1, window.mended
        for begin, end in late:
            if begin > max(moment, ended):
                break
            ended = max(ended, end)
        return None if self.missing else ended - window.mended


def _after(window: Window, story: Story, accepted: float) -> bool:
    """Whether what was delivered must have been published after the repair."""
    if accepted > min(window.begun + window.stale, window.mended):
        return True
    return accepted > window.begun and story.attempt > 1
