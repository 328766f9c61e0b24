"""What a customer or a client program is told about a value that cannot be taken, in every language of the pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

Language = Literal["it", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

ProblemCode = Literal[
    "required",
    "must_tick",
    "one_of",
    "given_twice",
    "unknown",
    "too_long",
    "not_text",
    "pattern",
    "number",
    "number_ambiguous",
    "minimum",
    "maximum",
    "boolean",
    "date",
    "email",
    "phone",
    "choice",
    "no_files",
    "too_many_files",
    "file_too_large",
    "file_type",
    "file_empty",
]

ADVICE: Final[Mapping[Language, Mapping[ProblemCode, str]]] = {
    "en": {
        "required": "Please fill in this field.",
        "must_tick": "Please tick this box to go on.",
        "one_of": "Please fill in at least one of these: {limit}.",
        "given_twice": "This field was given twice: send it once.",
        "unknown": "This field does not exist here: remove it.",
        "too_long": "Please write at most {limit} characters.",
        "not_text": "Send this value as text.",
        "pattern": "Please check this value: it does not have the expected form.",
        "number": "Please write a number, such as 12 or 89.90.",
        "number_ambiguous": "Please write the number without a thousands separator, such as 1234 or 1.5.",
        "minimum": "Please write a number of at least {limit}.",
        "maximum": "Please write a number of at most {limit}.",
        "boolean": "Please answer yes or no (true or false).",
        "date": "Please write a date, such as 2026-11-21 or 21/11/2026.",
        "email": "Please write a complete e-mail address, such as anna@example.com.",
        "phone": "Please write only a complete phone number, without an extension, with +39 or your country's prefix.",
        "choice": "Please choose one of the options offered.",
        "no_files": "This form takes no files: please send it without.",
        "too_many_files": "Please attach at most {limit} files.",
        "file_too_large": "Please attach files of at most {limit} each.",
        "file_type": "Files of this type cannot be taken. Accepted: {limit}.",
        "file_empty": "One of the files is empty: please choose it again.",
    },
    "it": {
        "required": "Compila questo campo.",
        "must_tick": "Spunta questa casella per continuare.",
        "one_of": "Compila almeno uno di questi campi: {limit}.",
        "given_twice": "Questo campo è stato inviato due volte: invialo una volta sola.",
        "unknown": "Questo campo qui non esiste: toglilo.",
        "too_long": "Scrivi al massimo {limit} caratteri.",
        "not_text": "Invia questo valore come testo.",
        "pattern": "Controlla questo valore: non ha la forma prevista.",
        "number": "Scrivi un numero, per esempio 12 oppure 89,90.",
        "number_ambiguous": "Scrivi il numero senza separatore delle migliaia, per esempio 1234 oppure 1,5.",
        "minimum": "Scrivi un numero non inferiore a {limit}.",
        "maximum": "Scrivi un numero non superiore a {limit}.",
        "boolean": "Rispondi sì o no.",
        "date": "Scrivi una data, per esempio 21/11/2026.",
        "email": "Scrivi un indirizzo e-mail completo, per esempio anna@example.it.",
        "phone": "Scrivi solo un numero di telefono completo, senza interno, con il prefisso internazionale se è estero.",
        "choice": "Scegli una delle opzioni proposte.",
        "no_files": "Questo modulo non accetta file: invialo senza.",
        "too_many_files": "Allega al massimo {limit} file.",
        "file_too_large": "Allega file di {limit} al massimo ciascuno.",
        "file_type": "Questo tipo di file non è accettato. Sono accettati: {limit}.",
        "file_empty": "Uno dei file è vuoto: sceglilo di nuovo.",
    },
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a value was not taken. `limit` comes from the settings, never from what the customer wrote."""

    code: ProblemCode
    limit: str = ""

    def advice(self, language: Language = "en") -> str:
        """One sentence that says what to do."""
        return ADVICE[language][self.code].format(limit=self.limit)
