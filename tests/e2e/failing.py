"""A gateway whose normalizer has a defect for as long as the file named by `E2E_DEFECT` exists.

The product has no hooks for this: a function is replaced here, in the process that was forked for it (`tests.e2e.warm`),
before it starts.
"""

import os
from pathlib import Path
from typing import Any


def arm() -> None:
    """Have this process fail as its environment says, if it says so."""
    if "E2E_DEFECT" not in os.environ:
        return
    from regia.pipeline import prepare

    normalise = prepare.normalise

    def fails(*given: Any, **more: Any) -> Any:
        if Path(os.environ["E2E_DEFECT"]).exists():
            raise ZeroDivisionError
        return normalise(*given, **more)

    prepare.normalise = fails
