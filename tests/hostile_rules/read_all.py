"""`python -m tests.hostile_rules.read_all NAME…`: loads hostile files within a bound of memory, and prints what came of each.

A process of its own, since what runs out of memory or into a fault of C would take the tests with it.
"""

import json
import resource
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from config.document import ConfigError, read_yaml
from router.ruleset import Ruleset
from tests.hostile_rules.files import FILES
from tests.hostile_rules.loading import loaded

MEMORY: Final = 1_500 * 2**20


def main(names: Sequence[str]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for name in names:
        made = FILES[name]()
        started = time.process_time()
        found: dict[str, Any] = {"name": name, **_outcome(made), "seconds": time.process_time() - started}
        print(json.dumps(found), flush=True)


def _outcome(made: str | bytes) -> dict[str, Any]:
    try:
        outcome = _read(made) if isinstance(made, bytes) else loaded(made)
    except BaseException:  # noqa: BLE001 - whatever it is, it is the finding
        return {"fault": traceback.format_exc(limit=-4)[-2_000:]}
    if isinstance(outcome, Ruleset):
        return {"loaded": outcome.route({"channel": "x", "text": "x"}).category}
    return {"told": outcome[:3], "problems": len(outcome)}


def _read(made: bytes) -> Ruleset | list[str]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rules.yaml"
        path.write_bytes(made)
        try:
            read_yaml(path, "rules.yaml")
        except ConfigError as error:
            return [str(problem) for problem in error.problems]
        return loaded(made.decode("utf-8-sig"))


if __name__ == "__main__":
    main(sys.argv[1:])
