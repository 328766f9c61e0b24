"""`python failing.py …`: the command line in a process whose normalizer has a defect for as long as the file named by
`E2E_DEFECT` exists. The product has no hooks for this: a function is replaced here, before it starts."""

import os
from pathlib import Path
from typing import Any

from regia.cli.main import app
from regia.pipeline import prepare

_normalise = prepare.normalise


def _fails(*given: Any, **more: Any) -> Any:
    if Path(os.environ["E2E_DEFECT"]).exists():
        raise ZeroDivisionError
    return _normalise(*given, **more)


prepare.normalise = _fails
app()
