"""What a consumer counted since it was made. Read it from `Consumer.counters`; hand it to whatever collects your figures."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    received: int = 0
    """Deliveries, repeats included."""
    done: int = 0
    """Handled, the work committed."""
    repeated: int = 0
    """Acknowledged without work: the envelope was done before."""
    rejected: int = 0
    """Sent to the dead letters: poison, undecodable, or failed too often."""
    retried: int = 0
    """Attempts that failed and were made again."""
    unavailable: int = 0
    """Attempts that found a dependency away."""
    given_back: int = 0
    """Deliveries that went back unacknowledged: on stop, with a lost connection, or in a long pause."""
    unanswered: int = 0
    """Acknowledgements and rejections that did not reach RabbitMQ: these messages come again."""
    connected: int = 0
    """Times a connection and subscription stood."""
    late: int = 0
    """Messages that came after a later one of their customer had gone on (see `Reorder`)."""
