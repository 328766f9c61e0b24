"""How mail clients announce history, forwards and themselves, in the languages of the customers.

Every pattern is bounded in all its repetitions, for it meets text of strangers.
"""

import re
from functools import cache
from typing import Final

from mailparser_reply.parser import EmailMessage  # type: ignore[import-untyped]  # the package ships no types


def _any(*phrases: str) -> str:
    return "(?:" + "|".join(phrases) + ")"


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


_OPENING = _any(
    *("on", "il(?: giorno)?", "in data"),
    *("am", "le", "el", "em", "a", "op"),
    *("w dniu", "dnia", "den", "dne", r"\d{1,4}[-./]"),
)
_VERB = _any(
    *("wrote", "writes", "ha scritto", "scrisse", "schrieb", "a écrit"),
    *("escribió", "escribio", "escreveu", "schreef", "geschreven"),
    *(r"napisał\(?a?\)?", "napisała", "pisze", "nadesłał", "skrev", r"napsal\(?a?\)?"),
)

QUOTED: Final = re.compile(r"\s{0,8}>")
TIME: Final = re.compile(r"\b\d{1,2}[:.]\d{2}\b")

WROTE: Final = _pattern(rf"[>\s]{{0,20}}{_OPENING}\b.{{5,400}}?{_VERB}(?!\w).{{0,120}}\s?:\s{{0,5}}")
"""`On 3 June 2024 at 10:30, Anna <anna@example.it> wrote:`"""

WROTE_BARE: Final = _pattern(
    r"[>\s]{0,20}",
    _any(
        rf".{{0,120}}<[^<>\s]{{3,120}}@[^<>\s]{{3,120}}>.{{0,40}}{_VERB}",
        rf".{{0,200}}\d{{1,2}}[:.]\d{{2}}.{{0,200}}{_VERB}.{{0,100}}",
    ),
    r"\s?:\s{0,5}",
)
"""The same without an opening word: `pon., 3 cze 2024 o 10:30 Anna <anna@example.pl> napisał(a):`"""

LABEL: Final = _pattern(
    r"[>\s*]{0,20}",
    _any(
        "(?P<who>from|da|von|de|van|od|fra|från)",
        "(?P<what>subject|oggetto|betreff|objet|asunto|assunto|onderwerp|temat|emne|ämne|předmět)",
        *("sent", "date", "to", "cc", "inviato", "data", "a", "gesendet", "datum", "an", "envoyé", "à"),
        *(
            "enviado(?: el| em)?",
            "enviada(?: em)?",
            "para",
            "fecha",
            "verzonden",
            "aan",
            "wysłano",
            "do",
            "dw",
            "kopie",
            "cópia",
        ),
    ),
    r"\s?\*?:\s?\*?\s{0,3}\S",
)
"""One line of the headers that Outlook and others write above the mail they quote."""

ORIGINAL: Final = _pattern(
    r"[>\s]{0,20}[-_]{3,20}\s?",
    _any(
        *("original message", "messaggio originale", "ursprüngliche nachricht", "original-nachricht", "message d'origine"),
        *("message original", "mensaje original", "mensagem original", "oorspronkelijk bericht", "wiadomość oryginalna"),
    ),
    r"\s?[-_]{3,20}\s{0,5}",
)

FORWARDED: Final = _pattern(
    r"[>\s]{0,20}(?:[-_]{3,20}\s?)?",
    _any(
        *("forwarded message", "begin forwarded message", "forwarded by"),
        *("messaggio inoltrato", "inizio messaggio inoltrato", "inizio del messaggio inoltrato"),
        *("weitergeleitete nachricht", "anfang der weitergeleiteten nachricht"),
        *("message transféré", "début du message transféré", "début du message réexpédié"),
        *("mensaje reenviado", "inicio del mensaje reenviado"),
        *("mensagem encaminhada", "início da mensagem encaminhada", "início da mensagem reencaminhada"),
        *("doorgestuurd bericht", "begin doorgestuurd bericht"),
        *("wiadomość przekazana", "przekazana wiadomość", "początek przekazywanej wiadomości"),
    ),
    r"\b\s?:?\s?[-_]{0,20}\s{0,5}",
)

FORWARD_SUBJECT: Final = _pattern(
    r"\s{0,20}", _any(*("fw", "fwd", "i", "wg", "tr", "rv", "enc", "pd", "doorst", "inoltro", "vb")), r"\s?:.*"
)

SENT_FROM: Final = _pattern(
    _any(
        "sent from (?:my|outlook|yahoo|mail|samsung|proton)",
        "get outlook for",
        "inviato (?:dal mio|dal|da iphone|da ipad|da outlook|da yahoo|da libero)",
        "(?:scarica|ottieni) outlook",
        *("von meinem .{1,40} gesendet", "gesendet (?:von|mit)", "(?:hol|holen sie sich) outlook", "outlook für"),
        *("envoyé (?:de|depuis)", "(?:télécharge[rz]|obtenir) outlook"),
        *("enviado (?:desde|do meu|a partir)", "obtener outlook", "(?:obter o|baixe o) outlook"),
        *("verzonden vanaf", "verstuurd vanaf", "download outlook", "outlook voor"),
        *("wysłan[eo] z", "(?:pobierz|pobierz aplikację) outlook"),
    ),
    ".{0,80}",
)
"""The line by which a mobile client advertises itself."""

_LANGUAGES: Final = ("en", "it", "de", "fr", "es", "nl", "pl", "da", "sv", "cs", "ja", "ko", "zh")


@cache
def by_library() -> re.Pattern[str]:
    """The headlines that mail-parser-reply knows: more languages, fewer clients. Quadratic in what it is given, so it is
    shown single lines; the library's own cutting is not used, since it takes a line such as `Thanks, but …` for the end."""
    pattern: re.Pattern[str] = EmailMessage(text="", languages=list(_LANGUAGES)).HEADER_REGEX
    return pattern
