"""Where programs begin.

Their imports make hundreds of thousands of objects that stay. The garbage collector would walk through them again and again
while they are made, which costs a sixth of the start, and later at every full collection: it rests meanwhile, and leaves them
alone.
"""

import gc


def command_line() -> None:
    """`regia`."""
    gc.disable()
    from regia.cli.main import app

    _imported()
    app()


def worker() -> None:
    """`python -m regia.starting DUTY`: see `regia.running.worker`."""
    gc.disable()
    from regia.running.worker import main

    _imported()
    main()


def _imported() -> None:
    gc.freeze()
    gc.enable()


if __name__ == "__main__":
    worker()
