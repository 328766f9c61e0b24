"""All checks, and running them one by one."""

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from typing import Final

from connectors.conformance.addressing import ADDRESSING
from connectors.conformance.batches import BATCHES
from connectors.conformance.check import Broken, Check
from connectors.conformance.configuring import CONFIGURING
from connectors.conformance.damage import DAMAGE
from connectors.conformance.fetching import FETCHING
from connectors.conformance.keys import KEYS
from connectors.conformance.parts import PARTS
from connectors.conformance.reading import READING
from connectors.conformance.sending import SENDING
from connectors.conformance.signing import SIGNING
from connectors.conformance.strangers import STRANGERS
from connectors.conformance.subject import Subject

CHECKS: Final[tuple[Check, ...]] = (
    *SIGNING,
    *STRANGERS,
    *READING,
    *BATCHES,
    *DAMAGE,
    *KEYS,
    *FETCHING,
    *SENDING,
    *PARTS,
    *ADDRESSING,
    *CONFIGURING,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a check: `problem` is None where the channel holds it, `applies` is False where it was not tried."""

    check: Check
    problem: str | None = None
    applies: bool = True


def judge(check: Check, subject: Subject) -> Verdict:
    """Run one check. Must not be called inside a running loop."""
    if not check.applies(subject):
        return Verdict(check, applies=False)
    try:
        ran = check.run(subject)
        if ran is not None:
            asyncio.run(_awaited(ran))
    except Broken as broken:
        return Verdict(check, problem=str(broken))
    except Exception as error:  # noqa: BLE001  # whatever a channel raises is what the suite is there to tell
        return Verdict(check, problem=f"raised {type(error).__name__}")
    return Verdict(check)


async def _awaited(ran: Awaitable[None]) -> None:
    await ran


def verdicts(subject: Subject) -> Iterator[Verdict]:
    """Every check of the suite, in order."""
    return (judge(check, subject) for check in CHECKS)
