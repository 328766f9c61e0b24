"""Everything a channel can answer with, as closed lists.

    ChannelError
    ├── Rejected            a request is refused; `code` is a key of REJECTIONS and gives the HTTP status
    ├── MediaUnavailable    a file cannot be had; `reason` is one of MEDIA_REASONS
    ├── SourceFailed        a mailbox or bot cannot be read now; `reason` is one of SOURCE_REASONS
    ├── HttpFailed          a provider's API gave no answer; `sent` tells whether it may have got the request
    └── SendFailed          an outgoing message failed; `code` is one of SEND_CODES

`detail` is safe to show to the caller: it names fields and limits, never values, secrets or addresses.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, get_args

RejectionCode = Literal[
    "malformed",
    "invalid_fields",
    "signature_missing",
    "signature_wrong",
    "signature_stale",
    "token_missing",
    "token_unknown",
    "scope_missing",
    "handshake_refused",
    "unknown_connector",
    "not_found",
    "method_not_allowed",
    "too_slow",
    "idempotency_conflict",
    "gone",
    "too_large",
    "unsupported_media_type",
    "rate_limited",
    "unavailable",
    "internal",
    "unknown_customer",
    "unknown_challenge",
    "wrong_code",
    "already_used",
    "expired",
    "too_many_attempts",
    "too_many_asked",
    "cannot_send",
    "unknown_link",
    "unknown_suggestion",
    "same_customer",
    "merged_already",
    "not_merged",
    "other_brand",
    "link_ended",
    "decided_already",
    "shared_handle",
    "handle_cap",
    "crm_conflict",
    "unknown_conversation",
    "unknown_message",
    "unknown_ticket",
    "ambiguous_ticket",
    "reply_refused",
]

REJECTIONS: Final[Mapping[RejectionCode, int]] = MappingProxyType(
    {
        "malformed": 400,
        "invalid_fields": 400,
        "signature_missing": 401,
        "signature_wrong": 401,
        "signature_stale": 401,
        "token_missing": 401,
        "token_unknown": 401,
        "scope_missing": 403,
        "handshake_refused": 403,
        "wrong_code": 403,
        "unknown_connector": 404,
        "not_found": 404,
        "unknown_customer": 404,
        "unknown_challenge": 404,
        "unknown_link": 404,
        "unknown_suggestion": 404,
        "unknown_conversation": 404,
        "unknown_message": 404,
        "unknown_ticket": 404,
        "method_not_allowed": 405,
        "too_slow": 408,
        "idempotency_conflict": 409,
        "already_used": 409,
        "cannot_send": 409,
        "same_customer": 409,
        "merged_already": 409,
        "not_merged": 409,
        "other_brand": 409,
        "link_ended": 409,
        "decided_already": 409,
        "shared_handle": 409,
        "handle_cap": 409,
        "crm_conflict": 409,
        "ambiguous_ticket": 409,
        "reply_refused": 409,
        "gone": 410,
        "expired": 410,
        "too_many_attempts": 410,
        "too_large": 413,
        "unsupported_media_type": 415,
        "rate_limited": 429,
        "too_many_asked": 429,
        "unavailable": 503,
        "internal": 500,
    }
)

QuarantineReason = Literal[
    "undecodable",  # the verified body is not what its content type says
    "unreadable",  # it decodes, but an element is not of the documented form
    "unknown_account",  # no account of this connector has that id
    "parser_failed",  # our reader raised: a defect, kept with its bytes
    "parser_killed",  # reading it took more time or memory than it may
    "too_large",  # larger than the connector takes: its head is kept, the whole is where it was
    "normalizer_failed",  # accepted, but it could not be turned into an envelope
    "commit_failed",  # it fails its transaction even alone
    "conflicting_repeat",  # its key stands for another content already
]

MediaReason = Literal[
    "timeout",
    "too_large",
    "gone",
    "refused",
    "forbidden_address",
    "provider_error",
    "unsupported",
    "too_many",  # the contact has more files than are fetched of one
]

SourceReason = Literal[
    "unreachable",  # no connection: name, network, port
    "tls_failed",  # certificate or protocol refused
    "login_refused",  # user or password
    "consent_gone",  # the OAuth grant was withdrawn or has expired: a person must consent again
    "token_unavailable",  # the token server gave no token, and may do so later
    "folder_missing",
    "closed",  # the server ended the session, or it broke
    "conflict",  # somebody else reads it: a webhook is set, or another program polls it
    "too_slow",  # an answer did not come in time
    "protocol_error",  # an answer that is none
    "not_installed",  # the library for it was left out of this installation
    "defect",  # ours: the log has the place
]

SendCode = Literal[
    "retryable",
    "window_closed",
    "blocked_by_user",
    "invalid_recipient",
    "rate_limited",
    "auth",
    "too_large",
    "unsupported",
    "unknown",
]

SEND_CODES: Final[tuple[SendCode, ...]] = get_args(SendCode)


class ChannelError(Exception):
    """Base of all errors a connector raises on purpose."""


class Rejected(ChannelError):
    """The request is refused and nothing of it was kept."""

    def __init__(
        self,
        code: RejectionCode,
        detail: str,
        *,
        fields: Mapping[str, str] | None = None,
        retry_after: int | None = None,
        reason: str | None = None,
        allowed: Sequence[str] = (),
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code: RejectionCode = code
        self.detail = detail
        self.fields = dict(fields or {})
        """For `invalid_fields`: field name to what to do about it."""
        self.retry_after = retry_after
        """Seconds."""
        self.reason = reason
        """For `reply_refused`: why, a key of `desk.refusals.REFUSALS`."""
        self.allowed = tuple(allowed)
        """The same: what would be taken instead."""

    @property
    def status(self) -> int:
        return REJECTIONS[self.code]


class MediaUnavailable(ChannelError):
    """A file the provider announced cannot be had. `retryable` says whether another try may succeed."""

    def __init__(self, reason: MediaReason, *, retryable: bool = False) -> None:
        super().__init__(reason)
        self.reason: MediaReason = reason
        self.retryable = retryable


class SourceFailed(ChannelError):
    """A mailbox or bot cannot be read now. The session that raised it is over; another may be opened."""

    def __init__(self, reason: SourceReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: SourceReason = reason
        self.detail = detail


class HttpFailed(ChannelError):
    """A call of a provider's API ended without an answer. `sent` is False only when the request surely never left."""

    def __init__(self, reason: MediaReason, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason: MediaReason = reason
        self.sent = sent


LONGEST_WAIT: Final = 86_400.0


def sensible_wait(seconds: float | None) -> float | None:
    """What a provider asks us to wait: whatever it writes there, no longer than a day. None where it is no time."""
    if seconds is None or seconds != seconds:  # noqa: PLR0124  # NaN alone differs from itself
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


class SendFailed(ChannelError):
    """The provider did not take an outgoing message, or (`unknown`) nobody knows whether it did."""

    def __init__(
        self, code: SendCode, detail: str, *, provider_code: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code: SendCode = code
        self.detail = detail
        self.provider_code = provider_code
        self.retry_after = sensible_wait(retry_after)
        """Seconds, at most a day."""
        self.left: tuple[str, ...] = ()
        """The provider's ids of the parts that had left before."""

    @property
    def retryable(self) -> bool:
        return self.code in ("retryable", "rate_limited")

    @property
    def about_us(self) -> bool:
        """Whether the provider refused our account or token, in words of its own. A bare 403 may be about one recipient, and
        where there is no `provider_code` nobody was asked: the settings have no token."""
        return self.code == "auth" and self.provider_code not in (None, "http_403")
