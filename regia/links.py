"""Addresses of the gateway as the world sees it, and signed links that expire."""

import base64
import hashlib
import hmac
import re
import time
from pathlib import PurePath
from typing import Final, NamedTuple
from uuid import UUID

_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_LINK: Final = re.compile(rb"/attachments/([A-Za-z0-9_-]{1,100})\?expires=([0-9]{1,12})&signature=([0-9a-f]{64})")
_ENDING: Final = re.compile(r"\.[A-Za-z0-9]{1,16}")
_VISITOR: Final = re.compile(r"([A-Za-z0-9_-]{1,64})\.([0-9]{1,7})", re.ASCII)
_SHORT: Final = 16
"""Bytes of the signature of a survey, and of a state."""
_STATE: Final = re.compile(r"[A-Za-z0-9_-]{46}", re.ASCII)
_DAY: Final = 24 * 3600
LIFETIME: Final = 7 * 24 * 3600
"""Seconds a signed link to a file is good for."""


class StateOf(NamedTuple):
    """What a link to the page of a contact's state is for: its message, and how many days ago the link was made."""

    message_id: str
    age: int


class VisitorOf(NamedTuple):
    """Whose a chat's token is, and how many days ago it was made."""

    visitor_id: str
    age: int


class Links:
    """Builds and checks links. `base` is `server.public_url` without a trailing slash."""

    def __init__(self, base: str, key: bytes) -> None:
        self._base = base.rstrip("/")
        self._key = key

    def attachment(self, attachment_id: str, *, now: int | None = None) -> str:
        """A link that anybody who has it may open until it expires."""
        expires = (int(time.time()) if now is None else now) + LIFETIME
        signature = self._sign(attachment_id, expires)
        return f"{self._base}/attachments/{attachment_id}?expires={expires}&signature={signature}"

    def file(self, file_id: str, filename: str) -> str:
        """The same for a file that we send. Of its name only the ending is told, by which some providers know what it is."""
        expires, ending = int(time.time()) + LIFETIME, PurePath(filename).suffix
        name = f"file{ending if _ENDING.fullmatch(ending) else ''}"
        return f"{self._base}/files/{file_id}/{name}?expires={expires}&signature={self._sign(file_id, expires)}"

    def raw(self, message_id: str) -> str:
        """Where a consumer with a token reads the provider's own bytes."""
        return f"{self._base}/v1/messages/{message_id}/raw"

    def proof(self, token: str) -> str:
        """Where a customer says that an address is theirs. Whoever has the token can, until it ends."""
        return f"{self._base}/proof/{token}"

    def survey(self, survey_id: str) -> str:
        """Where a customer answers a survey. Whoever has the link can, until the survey is closed."""
        return f"{self._base}/survey/{survey_id}.{self._sign_survey(survey_id)}"

    def survey_of(self, token: str) -> str | None:
        """The id of the survey that a token of ours is for, or None."""
        survey_id, _, signature = token.partition(".")
        ours = hmac.compare_digest(self._sign_survey(survey_id).encode(), signature.encode(errors="replace"))
        return survey_id if ours else None

    def visitor(self, connector: str, visitor_id: str, *, now: int | None = None) -> str:
        """The token of a visitor of a chat. Whoever has it is that visitor. In it stands the day on which it was made."""
        told = f"{visitor_id}.{(int(time.time()) if now is None else now) // _DAY}"
        return f"{told}.{self._sign_visitor(connector, told)}"

    def visitor_of(self, connector: str, token: str) -> VisitorOf | None:
        """What a token of ours is for, or None. How old it may be its reader decides."""
        told, _, signature = token.rpartition(".")
        ours = hmac.compare_digest(self._sign_visitor(connector, told).encode(), signature.encode(errors="replace"))
        found = _VISITOR.fullmatch(told)
        return VisitorOf(found[1], int(time.time()) // _DAY - int(found[2])) if ours and found else None

    def state(self, message_id: str, *, now: int | None = None) -> str:
        """Where whoever has the link sees what became of a contact. All that are made on one day are the same."""
        day = (int(time.time()) if now is None else now) // _DAY
        told = UUID(message_id).bytes + day.to_bytes(2)
        return f"{self._base}/state/{_text(told + self._sign_state(told))}"

    def state_of(self, token: str) -> StateOf | None:
        """What a token of ours is for, or None. How old it may be its reader decides."""
        if not _STATE.fullmatch(token):
            return None
        whole = base64.urlsafe_b64decode(token + "==")
        told, signature = whole[:-_SHORT], whole[-_SHORT:]
        if _text(whole) != token or not hmac.compare_digest(self._sign_state(told), signature):
            return None
        return StateOf(str(UUID(bytes=told[:16])), int(time.time()) // _DAY - int.from_bytes(told[16:]))

    def valid(self, attachment_id: str, expires: str, signature: str) -> bool:
        """Whether the link was made by us and has not expired."""
        if not _SECONDS.fullmatch(expires) or int(expires) < time.time():
            return False
        return hmac.compare_digest(self._sign(attachment_id, int(expires)).encode(), signature.encode(errors="replace"))

    def renewed(self, envelope: bytes) -> bytes:
        """The stored bytes of an envelope, in which links of ours that have ended are signed anew. What has not ended, and
        whatever only looks like a link of ours, stays as it is."""

        def anew(found: re.Match[bytes]) -> bytes:
            attachment_id, expires, signature = (part.decode() for part in found.groups())
            ours = hmac.compare_digest(self._sign(attachment_id, int(expires)), signature)
            if int(expires) >= time.time() or not ours:
                return found[0]
            return self.attachment(attachment_id).removeprefix(self._base).encode()

        return _LINK.sub(anew, envelope)

    def alias(self, text: str) -> str:
        """A name for something that tells nothing of it, and is the same each time."""
        key = hmac.new(self._key, b"names", hashlib.sha256).digest()
        return _text(hmac.new(key, text.encode(errors="replace"), hashlib.sha256).digest()[:_SHORT])

    def _sign_survey(self, survey_id: str) -> str:
        """128 bits, which nobody guesses, in a link that is not too long for a text message."""
        whole = hmac.new(self._key, f"survey\n{survey_id}".encode(errors="replace"), hashlib.sha256).digest()
        return _text(whole[:_SHORT])

    def _sign_state(self, told: bytes) -> bytes:
        """As many bits as for a survey."""
        return hmac.new(self._key, b"state\n" + told, hashlib.sha256).digest()[:_SHORT]

    def _sign_visitor(self, connector: str, told: str) -> str:
        # A key of its own: no other link of ours can be made to look like a token, nor a token like a link.
        key = hmac.new(self._key, b"chat visitors", hashlib.sha256).digest()
        whole = hmac.new(key, f"{connector}\n{told}".encode(errors="replace"), hashlib.sha256).digest()
        return _text(whole)

    def _sign(self, attachment_id: str, expires: int) -> str:
        return hmac.new(self._key, f"{attachment_id}\n{expires}".encode(), hashlib.sha256).hexdigest()


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
