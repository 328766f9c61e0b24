"""Every channel that the suite knows: one line each."""

from typing import Final

from connectors.conformance.subject import Subject
from tests.subjects import line

SUBJECTS: Final[tuple[Subject, ...]] = (line.SUBJECT,)
