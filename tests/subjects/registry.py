"""Every channel that the suite knows: one line each."""

from typing import Final

from connectors.conformance.subject import Subject
from tests.subjects import line, whatsapp

SUBJECTS: Final[tuple[Subject, ...]] = (
    whatsapp.SUBJECT,
    whatsapp.IN_2026,
    line.SUBJECT,
)
