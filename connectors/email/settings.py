"""What an operator writes for a mailbox, however its mails come in and go out."""

from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from config.secrets import Secret
from connectors.base import ConnectorSettings
from connectors.email.values import Address, CaFile, Folder, Host, Name, Tenant, Tls, TokenUrl, in_clear_only_here, same_folder

Afterwards = Literal["flag", "move", "leave"]

LONGEST_LOCAL_PART: Final = 20
"""Of an address that takes our signed mark behind a `+`: a local part has 64 characters (RFC 5321, 4.5.3.1.1)."""

_IMAP_PORTS: Final = {"implicit": 993, "starttls": 143, "none": 143}
_SMTP_PORTS: Final = {"implicit": 465, "starttls": 587, "none": 25}
_ANYBODYS: Final = frozenset({"common", "organizations", "consumers"})
"""Microsoft's names for no directory in particular."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _filled(value: Any, section: str) -> Any:
    """An empty section is a forgotten one: a mailbox that is silently not read, or cannot send."""
    if value is None:
        raise ValueError(f"give host and login below {section}, or leave {section} out")
    return value


class OAuthSettings(_Part):
    """How a mailbox is opened without a password. With a `refresh_token` in a person's name (Google, Microsoft), without
    one in the application's own (Microsoft 365, client credentials)."""

    provider: Literal["microsoft", "google", "other"]
    client_id: str = Field(min_length=1)
    client_secret: Secret | None = None
    refresh_token: Secret | None = None
    tenant: Tenant = Field(default="common", description="Microsoft's directory.")
    token_url: TokenUrl | None = Field(default=None, description="Needed for `other`.")
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
    ca_file: CaFile | None = Field(default=None, description="Certificates to trust instead of the system's.")
    user: str = Field(min_length=1)
    password: Secret | None = None
    oauth: OAuthSettings | None = None
    folders: tuple[Folder, ...] = ("INBOX",)
    start: Literal["unseen", "new", "all"] = Field(
        default="unseen", description="Which of the mails that lie there at first are taken."
    )
    afterwards: Afterwards = Field(
        default="flag", description="Mark as seen, move to `move_to`, or leave untouched, once the journal has it."
    )
    move_to: Folder = "Processed"

    @field_validator("folders")
    @classmethod
    def _each_once(cls, folders: tuple[str, ...]) -> tuple[str, ...]:
        if not folders:
            raise ValueError("name at least one folder, or leave folders out, which stands for INBOX")
        for number, folder in enumerate(folders):
            if any(same_folder(folder, before) for before in folders[:number]):
                raise ValueError(f"number {number + 1} is there already: name each folder once (the inbox in one way only)")
        return folders

    @model_validator(mode="after")
    def _moves_away(self) -> "ImapSettings":
        if self.afterwards != "move":
            if "move_to" in self.model_fields_set:
                raise ValueError("move_to is only for afterwards: move; write that too, or leave move_to out")
        elif any(same_folder(self.move_to, folder) for folder in self.folders):
            raise ValueError("move_to is one of the folders that are read, so mails would come again for ever: name another")
        return self

    @model_validator(mode="after")
    def _one_login(self) -> "ImapSettings":
        if (self.password is None) == (self.oauth is None):
            raise ValueError("give either password or oauth")
        in_clear_only_here(self.tls, self.host)
        return self

    @property
    def used_port(self) -> int:
        return self.port or _IMAP_PORTS[self.tls]


class SmtpSettings(_Part):
    """The server that takes what we send."""

    host: Host
    port: int | None = Field(default=None, gt=0, lt=65536, description="465, 587 with `starttls`, 25 with `none`.")
    tls: Tls = "starttls"
    ca_file: CaFile | None = None
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
        in_clear_only_here(self.tls, self.host)
        return self

    @property
    def used_port(self) -> int:
        return self.port or _SMTP_PORTS[self.tls]


class MailboxSettings(ConnectorSettings):
    """What every way of mail has. `address` is what customers write to; it becomes the envelope's `account`."""

    brand: Name
    channel: Name = "email"
    address: Address = Field(description="The mailbox's own address, as customers know it.")
    aliases: tuple[Address, ...] = Field(default=(), description="Further own addresses: mail from them is `automated: own`.")
    trusted_servers: tuple[str, ...] = Field(
        default=(),
        description="Names (authserv-id) of our own servers whose Authentication-Results are believed. They must remove "
        "such headers from mail that comes in with them.",
    )
    thread_key: Secret | None = Field(default=None, description="Signs the marks by which answers find back; for sending.")
    smtp: SmtpSettings | None = None
    max_body: int = Field(default=40 * 1024 * 1024, gt=0, description="Largest mail accepted, in bytes.")

    @field_validator("smtp", mode="before")
    @classmethod
    def _smtp_is_filled(cls, value: Any) -> Any:
        return _filled(value, "smtp")

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

    @field_validator("imap", mode="before")
    @classmethod
    def _imap_is_filled(cls, value: Any) -> Any:
        return _filled(value, "imap")
