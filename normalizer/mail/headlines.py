"""How mail clients announce the history they quote, in the languages of the customers.

Every pattern is bounded in all its repetitions, for it meets text of strangers.
"""

import re
from functools import cache
from typing import Final

from mailparser_reply.parser import EmailMessage  # type: ignore[import-untyped]  # the package ships no types


def any_of(*phrases: str) -> str:
    return "(?:" + "|".join(phrases) + ")"


def pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


_DAY = any_of(
    "mon|tue|wed|thu|fri|sat|sun|lun|mar|mer|gio|ven|sab|dom",
    "mo|di|mi|do|fr|sa|so|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonn",
    "jeu|sam|dim|mié|mie|jue|vie|sáb|seg|ter|qua|qui|sex|segunda|terça|quarta",
    "ma|wo|vr|za|zo|maan|dins|woens|donder|vrij|zater|zon",
    "pon|wt|śr|sr|czw|pt|pią|sob|nie|niedz|søn|lör|sön|lør",
)
_MONTH = any_of("jan", "feb", "apr", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "january", "march", "june", "july")
_WEEKDAY = rf"{_DAY}[a-zäçéáíśńłúêñą]{{0,12}}(?:-feira)?"

OPENING: Final = pattern(
    any_of(
        any_of(*("on", "il", "am", "le", "el", "em", "a", "op", "dnia", "às", "den", "dne"))
        + any_of(r"\s+(?:giorno|dia|día|dato)", "")
        + rf"\s+(?:\d|{_WEEKDAY}(?:[.,]|\s+(?:the )?\d|\s\w{{3,12}}\.?\s\d)|{_MONTH}[a-z]{{0,6}}\.?\s\d)",
        r"(?:in data|no dia|w dniu|in a message dated|wiadomość napisana przez)\s+\S",
        rf"{_WEEKDAY}[.,]{{0,2}}\s+\d",
        r"\d{1,4}[-./年]\s?\d",
        r"\d{1,2}\.?\s\w{3,12}\.?,?\s\d{4}\b",
    )
)
"""How a headline begins: with a date, mostly behind a word of the language. A word alone would open any sentence."""

VERB: Final = pattern(
    r"(?<!\w)",
    any_of(
        "wrote|writes|ha scritto|scrisse|scrive|schrieb|schreibt|geschrieben|a [ée]crit",
        r"escribi[óo]|escreveu|schreef|geschreven|napisał\(?a?\)?|pisze|nadesłał[a]?|napisana przez",
        r"skrev|skreiv|napsal\(?a?\)?|kirjoitti",
    ),
    r"(?!\w)",
)

SPOKEN: Final = pattern(
    r"(?<!\w)",
    any_of(
        "(?:i|we) wrote|wrote (?:to |back )?(?:me|us)|(?:mi|ci) ha scritto|(?:schrieb|schreef) (?:ich|wir|ik|wij|we)",
        "(?:ich|wir|ik|wij) (?:schrieb|schreef)|(?:schrieb|schreef) (?:mir|uns|mij|me|ons)|(?:m.|nous )a écrit",
        "(?:ich|ik|mir|uns|mij|ons) (?:.{1,40} )?(?:geschrieben|geschreven)|(?:me|nos) (?:escribi[óo]|escreveu)",
        r"escreveu-(?:me|nos)|napisał\(?a?\)? (?:mi|nam|do mnie|do nas)|(?:mi|nam) napisała?|pisze (?:mi|nam|do mnie)",
    ),
    r"(?!\w)",
)
"""Somebody tells that they wrote, or who wrote to them: no program speaks so."""

TIME: Final = re.compile(r"(?<![\d.:])\d{1,2}(?:[:.]|\s?h\s?)\d{2}(?!\d)")
DATE: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,2}[./-]\d{1,2}[./-]\d{2}(?!\d)")
BRACKETED: Final = re.compile(r"[<(\[](?:mailto:)?[^\s<>()\[\]@]{1,100}@[^\s<>()\[\]@]{1,200}[>)\]]", re.IGNORECASE)
QUOTED: Final = re.compile(r"\s{0,8}>")

ONLY_DATE: Final = pattern(
    r"(?:on|il|am|le|el|em|a|op|w dniu|dnia)?\s?[\d./-]{6,10},?\s{1,3}(?:at |um |alle(?: ore)? |à |às |a las |om |o )?",
    r"\d{1,2}[:.h]\d{2}(?::\d{2})?(?:\s?(?:am|pm|uhr|h))?,?",
    r"(?:\s(?:wrote|ha scritto|schrieb|a écrit|escribió|escreveu|schreef))?\s?:",
)
QUOTING: Final = pattern(
    any_of(
        "quoting", "zitat von", "zitiere", "citando(?: a)?", "citazione di", "citation de", "citeren van", "cytowanie", "cytat"
    )
    + r"\s.{2,200}:"
)
"""Horde and its kind: `Zitat von Anna <anna@example.it>:`."""

NAME_WROTE: Final = re.compile(
    r"(?:[A-ZÀ-ÝŁŚŻŹĆ&\"'][^\s,;:!?()]{0,30}\s){1,5}"
    r"(?:wrote|ha scritto|schrieb|a écrit|escribió|escreveu|schreef|napisał\(a\)|napisała?|pisze)\s?:"
)
"""`Anna Bianchi wrote:`, with nothing but a name."""
SOMEBODY: Final = pattern(
    any_of(
        "your?|the|my|our|h?is|s?he|we|they|i|it|this|that|then|there|someone|and",
        "il|la|lo|un|una|mi[oa]|vostr[oa]|su[oa]|lei|lui|voi|qualcuno|poi|ieri|e",
        "ihre?|der|die|das|meine?|unsere?|sie|er|es|dann|gestern|jemand|und|ein|eine",
        "votre|le|mon|ma|vous|elle|on|quelqu.{1,3}|puis|hier|et|un|une",
        "el|su|mi|usted|ella|alguien|luego|ayer|y|o|os|a|seu|sua|meu|você|ontem",
        "uw|de|het|mijn|u|hij|ze|zij|iemand|toen|gisteren|en|een",
        "wasz[a]?|pańsk[ia]|pan|pani|on|ona|mój|moja|ktoś|potem|wczoraj|i",
    )
    + r"\s.*"
)
"""How a sentence of the customer begins that tells who wrote."""

_ORIGINAL = any_of(
    "original[- ]?(?:message|mail|email|e-mail|nachricht|meddelande)|reply message|mail original",
    r"messaggio originale|messaggio orig(?:inale)?|(?:ursprüngliche|urspr\.) (?:nachricht|mail|e-mail)",
    "(?:message|courriel|mail|e-mail) (?:d.origine|original|initial)|mensaje original|mensagem original",
    "(?:oorspronkelijke?|origineel|originele) (?:bericht|e-mail|mail)|oryginalna wiadomość|wiadomość oryginalna",
    "pierwotna wiadomość|oprindelig meddelelse|ursprungligt meddelande|původní zpráva",
)
ORIGINAL: Final = pattern(r"[>\s]{0,20}[-_=*]{3,30}\s?", _ORIGINAL, r"\s?[-_=*]{3,30}\s{0,5}(?:\S.{0,300})?")

_LABELS: Final = {
    "who": (
        "from|da|von|de|van|od|fra|från|mittente|absender|remitente|remetente|expéditeur|afzender|nadawca",
        "message du",  # Orange: `> Message du 25/09/24 22:42` above `> De :`
    ),
    "what": ("subject|oggetto|ogg|betreff|objet|sujet|asunto|assunto|onderwerp|temat|emne|ämne|předmět",),
    "when": (
        "(?P<day>date|data|datum|fecha)",
        "sent|inviato(?: il)?|gesendet(?: am)?|envoyé(?:e)?(?: le)?|date d.envoi|data (?:wysłania|di invio)",
        "enviad[oa](?: el| em)?|verzonden|verstuurd|wysłan[oey]",
    ),
    "to": (
        "to|cc|bcc|a|an|à|pour|para|aan|do|dw|udw|ccn|cco|ccp|kopie|kopia|copia|cópia|copie|copie à|adresat|odbiorca",
        "destinatari[oa]|destinatário|destinataire|empfänger|reply-to|antwort an|rispondi a|répondre à",
    ),
}
LABEL: Final = pattern(
    r"[>\s*]{0,20}",
    any_of(*(f"(?P<{kind}>{'|'.join(words)})" for kind, words in _LABELS.items())),
    r"[ \t]{0,3}\xa0?\*?[ \t\xa0]?:\s?\*?\s{0,8}(?P<value>\S.{0,300})?",
)
"""One line of the headers that Outlook and others write above the mail they quote."""

_LANGUAGES: Final = ("en", "it", "de", "fr", "es", "nl", "pl", "da", "sv", "cs", "ja", "ko", "zh")


@cache
def by_library() -> re.Pattern[str]:
    """The headlines that mail-parser-reply knows: more languages, fewer clients. Quadratic in what it is given, so it is
    shown single lines; the library's own cutting is not used, since it takes a line such as `Thanks, but …` for the end."""
    known: re.Pattern[str] = EmailMessage(text="", languages=list(_LANGUAGES)).HEADER_REGEX
    return known
