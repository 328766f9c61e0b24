"""RabbitMQ fails, or is made to."""

import time

from faults.judge import Window
from faults.stage import Stage


def killed(stage: Stage, seconds: float) -> Window:
    """SIGKILL; started again after so many seconds. The repair is when the broker answers the protocol's header."""
    stage.servers.rabbitmq.kill()
    begun = time.monotonic()
    time.sleep(seconds)
    stage.servers.rabbitmq.restart()
    return Window(begun, time.monotonic())
