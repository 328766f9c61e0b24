"""What the page of the audit log says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language

NAV: Final[Mapping[Language, str]] = {"it": "Registro", "en": "Audit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTexts:
    """Acts and results stand as they are stored: in the database, on the command line and here they are called the same."""

    title: str
    intro: str
    when: str
    who: str
    act: str
    what: str
    result: str
    command_line: str
    unknown: str


AUDIT: Final[Mapping[Language, AuditTexts]] = {
    "it": AuditTexts(
        title="Registro",
        intro="Che cosa è stato fatto e guardato nella console. Contiene identificativi, mai dati dei clienti.",
        when="Quando",
        who="Chi",
        act="Azione",
        what="Che cosa",
        result="Esito",
        command_line="riga di comando",
        unknown="sconosciuto",
    ),
    "en": AuditTexts(
        title="Audit",
        intro="What was done and looked at in the console. It holds ids, never data of customers.",
        when="When",
        who="Who",
        act="Act",
        what="What",
        result="Result",
        command_line="command line",
        unknown="unknown",
    ),
}
