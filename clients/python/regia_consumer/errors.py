"""What a handler or a store of ids may raise, and what becomes of the message then.

    ConsumerError
    ├── Retry         try this message again in a while; counted, and rejected when it goes on
    ├── Poison        this message can never be handled: rejected at once
    ├── Unavailable   what the work needs is away: nothing is taken until it is back; not counted
    ├── Undecodable   the bytes are no envelope: rejected at once
    └── AlreadyDone   a store of ids says that this envelope was handled before: acknowledged

Any other exception of a handler is a `Retry` without a time of its own.
"""


class ConsumerError(Exception):
    """Base of all of them. Texts are logged: keep customers' words and addresses out of them."""


class Retry(ConsumerError):
    """The message may succeed later. `after` is the wait in seconds, at most 300; without it the wait grows by itself."""

    def __init__(self, reason: str = "", *, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Poison(ConsumerError):
    """The message will never succeed. It goes to the queue's dead letters, and the reason into the log."""


class Unavailable(ConsumerError):
    """A database, a ticket system, a disk is away: every message would fail now, and none is to blame."""


class Undecodable(ConsumerError):
    """The bytes are no envelope. The text says what is wrong, without the bytes."""


class AlreadyDone(ConsumerError):
    """The envelope was handled from this queue before."""
