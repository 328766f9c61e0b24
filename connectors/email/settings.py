"""What an operator writes for a mailbox, however its mails come in and go out."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from config.secrets import Secret
from connectors.base import ConnectorSettings
from normalizer.mail.addresses import email_of

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")]
"""A word that can be part of a routing key."""
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:\[\]-]{1,253}$")]
Folder = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]
Tls = Literal["implicit", "starttls", "none"]
Afterwards = Literal["flag", "move", "leave"]

LONGEST_LOCAL_PART: Final = 20
"""Of an address that takes our signed mark behind a `+`: a local part has 64 characters (RFC 5321, 4.5.3.1.1)."""

_IMAP_PORTS: Final = {"implicit": 993, "starttls": 143, "none": 143}
_SMTP_PORTS: Final = {"implicit": 465, "starttls": 587, "none": 25}
_ANYBODYS: Final = frozenset({"common", "organizations", "consumers"})
"""Microsoft's names for no directory in particular."""


def _in_clear_only_here(tls: Tls, host: str) -> None:
    """What is sent without TLS can be read and changed on its way, mails and passwords alike."""
    if tls == "none" and not _is_this_machine(host):
        raise ValueError("tls: none is only for a server on the same machine; use implicit or starttls, with ca_file if needed")


def _is_this_machine(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class OAuthSettings(_Part):
    """How a mailbox is opened without a password. With a `refresh_token` in a person's name (Google, Microsoft), without
    one in the application's own (Microsoft 365, client credentials)."""

    provider: Literal["microsoft", "google", "other"]
    client_id: str = Field(min_length=1)
    client_secret: Secret | None = None
    refresh_token: Secret | None = None
    tenant: str = Field(default="common", pattern=r"^[A-Za-z0-9.-]{1,100}$", description="Microsoft's directory.")
    token_url: str | None = Field(default=None, pattern=r"^https?://[^\s]+$", description="Needed for `other`.")
    scope: str | None = Field(default=None, description="Only where the provider's usual one does not fit.")

    @model_validator(mode="after")
    def _can_be_asked(self) -> "OAuthSettings":
        if self.provider == "other" and self.token_url is None:
            raise ValueError("the provider `other` needs token_url, where its access tokens are given out")
        if self.provider == "google" and self.refresh_token is None:
            raise ValueError("google needs refresh_token, which comes of a person's consent")
        if self.refresh_token is None and self.client_secret is None:
            raise ValueError("give refresh_token, or client_secret for the application's own access")
        if self.provider == "microsoft" and self.refresh_token is None and self.tenant in _ANYBODYS:
            raise ValueError("access in the application's own name needs tenant, the id or domain of your directory")
        return self


class ImapSettings(_Part):
    """Where the mailbox is, and what becomes of a mail once it is safe in the journal."""

    host: Host
    port: int | None = Field(default=None, gt=0, lt=65536, description="993, or 143 with `starttls` and `none`.")
    tls: Tls = Field(default="implicit", description="`none` sends the password readable; only for the same machine.")
    ca_file: Path | None = Field(default=None, description="Certificates to trust instead of the system's.")
    user: str = Field(min_length=1)
    password: Secret | None = None
    oauth: OAuthSettings | None = None
    folders: tuple[Folder, ...] = Field(default=("INBOX",), min_length=1)
    start: Literal["unseen", "new", "all"] = Field(
        default="unseen", description="Which of the mails that lie there at first are taken."
    )
    afterwards: Afterwards = Field(
        default="flag", description="Mark as seen, move to `move_to`, or leave untouched, once the journal has it."
    )
    move_to: Folder = "Processed"

    @model_validator(mode="after")
    def _one_login(self) -> "ImapSettings":
        if (self.password is None) == (self.oauth is None):
            raise ValueError("give either password or oauth")
        _in_clear_only_here(self.tls, self.host)
        return self

    @property
    def used_port(self) -> int:
        return self.port or _IMAP_PORTS[self.tls]


class SmtpSettings(_Part):
    """The server that takes what we send."""

    host: Host
    port: int | None = Field(default=None, gt=0, lt=65536, description="465, 587 with `starttls`, 25 with `none`.")
    tls: Tls = "starttls"
    ca_file: Path | None = None
    user: str | None = None
    password: Secret | None = None
    oauth: OAuthSettings | None = None
    sender_name: str | None = Field(default=None, max_length=200, description="The name customers see beside the address.")
    per_minute: int = Field(default=60, gt=0, description="Mails this account may send in a minute.")

    @model_validator(mode="after")
    def _login_is_whole(self) -> "SmtpSettings":
        if self.password is not None and self.oauth is not None:
            raise ValueError("give password or oauth, not both")
        if (self.user is None) != (self.password is None and self.oauth is None):
            raise ValueError("user goes with password or oauth; leave all three out where the server asks for no login")
        _in_clear_only_here(self.tls, self.host)
        return self

    @property
    def used_port(self) -> int:
        return self.port or _SMTP_PORTS[self.tls]


class MailboxSettings(ConnectorSettings):
    """What every way of mail has. `address` is what customers write to; it becomes the envelope's `account`."""

    brand: Name
    channel: Name = "email"
    address: str = Field(min_length=3, description="The mailbox's own address, as customers know it.")
    aliases: tuple[str, ...] = Field(default=(), description="Further own addresses: mail from them is `automated: own`.")
    trusted_servers: tuple[str, ...] = Field(
        default=(),
        description="Names (authserv-id) of our own servers whose Authentication-Results are believed. They must remove "
        "such headers from mail that comes in with them.",
    )
    thread_key: Secret | None = Field(default=None, description="Signs the marks by which answers find back; for sending.")
    smtp: SmtpSettings | None = None
    max_body: int = Field(default=40 * 1024 * 1024, gt=0, description="Largest mail accepted, in bytes.")

    @field_validator("address")
    @classmethod
    def _an_address(cls, value: str) -> str:
        address = email_of(value)
        if address is None:
            raise ValueError("this is no e-mail address")
        return address

    @model_validator(mode="after")
    def _can_be_answered(self) -> "MailboxSettings":
        if self.smtp is not None and self.thread_key is None:
            raise ValueError("smtp needs a thread_key, which signs the marks that let answers find back")
        if self.smtp is not None and len(self.address.rpartition("@")[0].encode()) > LONGEST_LOCAL_PART:
            raise ValueError(f"address: at most {LONGEST_LOCAL_PART} characters before the @, or no mark fits behind them")
        return self

    def for_reading(self) -> Self:
        """Without servers and logins: of all secrets only `thread_key` is needed to understand a mail."""
        servers = {name: None for name, value in self if isinstance(value, BaseModel)}
        secrets = {name: Secret("") for name, value in self if isinstance(value, Secret) and name != "thread_key"}
        return self.model_copy(update=servers | secrets)

    @property
    def own_addresses(self) -> frozenset[str]:
        return frozenset(address.strip().lower() for address in (self.address, *self.aliases))


class EmailSettings(MailboxSettings):
    """A support mailbox. Without `imap` its mails come from imported files only."""

    type: Literal["email"] = "email"
    imap: ImapSettings | None = None
