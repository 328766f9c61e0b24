"""Who wrote it, a person or a program: the marks that programs leave, as a table. The first row that fits names the reason."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from normalizer.mail.content import content
from normalizer.mail.model import Address, Automated
from normalizer.mail.source import Part

OWN_HEADER: Final = "x-regia-id"
"""On every mail we send: meeting it again is a loop."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What the rows look at, read once."""

    root: Part
    sender: str
    """The local part of From, lower-cased."""
    subject: str
    null_sender: bool
    report: str
    actions: frozenset[str]
    """What a delivery report says was done: failed, delayed, delivered, relayed, expanded (RFC 3464, 2.3.3)."""
    calendar: frozenset[str]
    """Methods of its calendar parts (RFC 5546): request, reply, cancel, …"""

    def value(self, header: str) -> str:
        return (self.root.header(header) or "").strip().lower()

    def has(self, *headers: str) -> bool:
        return any(self.root.header(header) is not None for header in headers)

    def word(self, header: str) -> str:
        """The first word of a header: `auto-replied` of `auto-replied (vacation)`."""
        return re.split(r"[\s;,(]", self.value(header), maxsplit=1)[0]


_DAEMONS: Final = re.compile(r"(?:mailer-?daemon|postmaster|mail-?daemon|mdaemon)(?:[+.-].*)?|microsoftexchange[0-9a-f]{20,40}")
_NO_REPLY: Final = re.compile(
    r"(?:.*[._+-])?(?:no|do[._-]?not|dont|non)[._-]?(?:reply|respond|rispondere|responder)(?:[._+-].*)?"
)
_UNDELIVERED: Final = re.compile(
    r"undeliver|delivery (?:status|failure|has failed|incomplete)|failure notice|mail delivery|returned mail|mail failure"
    r"|delayed|unzustellbar|nicht zugestellt|mancato recapito|non recapitat|non consegnato|non remis|échec de la remise"
    r"|no se puede entregar|no entregado|não entregue|onbestelbaar|niet bezorgd|niedostarczon|nie dostarczono"
)
_AUTO_REPLY: Final = re.compile(
    r"(?:automatic reply|auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|risposta automatica|fuori sede"
    r"|automatische antwort|abwesenheitsnotiz|abwesend|réponse automatique|absence du bureau|respuesta automática"
    r"|fuera de la oficina|resposta automática|ausência temporária|automatisch antwoord|afwezig|odpowiedź automatyczna"
    r"|autoodpowiedź)\b ?[:!-]"
)
_SUPPRESS: Final = re.compile(r"\b(?:all|oof|autoreply)\b")

Row = tuple[Automated, Callable[[Marks], bool]]

_TABLE: Final[tuple[Row, ...]] = (
    ("own", lambda marks: marks.has(OWN_HEADER)),
    ("receipt", lambda marks: marks.report == "disposition-notification"),
    ("receipt", lambda marks: bool(marks.actions) and not marks.actions & {"failed", "delayed"}),
    ("feedback_report", lambda marks: marks.report == "feedback-report"),
    ("bounce", lambda marks: marks.report == "delivery-status" or bool(marks.actions)),
    ("bounce", lambda marks: marks.has("x-failed-recipients")),
    ("bounce", lambda marks: _UNDELIVERED.search(marks.subject) is not None and (marks.null_sender or _daemon(marks))),
    ("calendar_reply", lambda marks: bool(marks.calendar & {"reply", "counter", "refresh"})),
    ("auto_reply", lambda marks: marks.word("auto-submitted") == "auto-replied"),
    ("auto_reply", lambda marks: marks.has("x-autoreply", "x-autorespond", "x-auto-reply-from", "x-autoresponder")),
    ("auto_reply", lambda marks: marks.word("precedence") in ("auto_reply", "auto-reply")),
    ("auto_reply", lambda marks: _AUTO_REPLY.match(marks.subject) is not None),
    ("bounce", lambda marks: _DAEMONS.fullmatch(marks.sender) is not None),
    ("list", lambda marks: marks.has("list-id", "list-unsubscribe", "list-post")),
    ("list", lambda marks: marks.word("precedence") == "list"),
    ("bulk", lambda marks: marks.word("precedence") in ("bulk", "junk")),
    ("auto_generated", lambda marks: marks.word("auto-submitted") not in ("", "no")),
    ("auto_generated", lambda marks: _SUPPRESS.search(marks.value("x-auto-response-suppress")) is not None),
    ("auto_generated", lambda marks: marks.null_sender or marks.root.media_type == "multipart/report"),
    ("no_reply", lambda marks: _NO_REPLY.fullmatch(marks.sender) is not None),
)


def automated(root: Part, sender: Address | None, subject: str | None) -> Automated | None:
    """Why this mail is not a person's contact, or None (RFC 3834, RFC 3464 and the habits of vendors)."""
    marks = _marks(root, sender, subject)
    return next((reason for reason, fits in _TABLE if fits(marks)), None)


def _daemon(marks: Marks) -> bool:
    return _DAEMONS.fullmatch(marks.sender) is not None


def _marks(root: Part, sender: Address | None, subject: str | None) -> Marks:
    parts = [part for part in root.walk() if isinstance(part, Part)]
    return Marks(
        root=root,
        sender=sender.email.rpartition("@")[0] if sender else "",
        subject=(subject or "").lower(),
        null_sender=(root.header("return-path") or "").replace(" ", "") == "<>",
        report=(root.parameter("report-type") or "").lower() if root.media_type == "multipart/report" else "",
        actions=frozenset(action for part in parts for action in _actions(part)),
        calendar=frozenset((part.parameter("method") or "").lower() for part in parts if part.media_type == "text/calendar"),
    )


_ACTION: Final = re.compile(rb"^action[ \t]{0,9}:[ \t]{0,9}([a-z]{1,20})", re.IGNORECASE | re.MULTILINE)


def _actions(part: Part) -> list[str]:
    if part.media_type not in ("message/delivery-status", "message/global-delivery-status"):
        return []
    return [found.decode("ascii").lower() for found in _ACTION.findall(content(part)[: 1 << 16])]
