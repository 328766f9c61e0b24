"""How long to wait before a worker that died is started again."""

from typing import Final

PAUSES: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds after so many deaths in succession; the last for ever after."""
STEADY: Final = 30.0
"""Seconds a worker must have lived for its death to count as a first one."""


class Backoff:
    """Of one worker. What dies at once again and again is tried every twenty seconds: it costs the others little then."""

    def __init__(self) -> None:
        self.deaths = 0
        """In succession."""

    def after(self, lived: float) -> float:
        """The pause after a death; `lived` is how long it had been at work, 0 where it never was."""
        self.deaths = 1 if lived >= STEADY else self.deaths + 1
        return PAUSES[min(self.deaths, len(PAUSES)) - 1]
