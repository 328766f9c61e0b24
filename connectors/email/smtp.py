"""Mails out, over SMTP submission (RFC 5321, RFC 6409), each on a connection of its own.

A mail whose end reached nobody may be sent again; one whose final dot was written and not answered may not: nobody
knows whether the server has it. So the body is written first and seen off this machine, then the dot by itself.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Final, cast
from weakref import WeakKeyDictionary

from aiolimiter import AsyncLimiter
from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponseException, SMTPTimeoutError

from connectors.email.compose import Composed, compose
from connectors.email.oauth import access_tokens
from connectors.email.settings import MailboxSettings, OAuthSettings, SmtpSettings
from connectors.email.smtp_answers import Phase, failed
from connectors.email.writing import address
from connectors.errors import SendFailed, SourceFailed
from connectors.exchange import Http, Outgoing, Sent

CONNECT_SECONDS: Final = 15.0
COMMAND_SECONDS: Final = 30.0
CONTENT_SECONDS: Final = 120.0
"""For the whole body, and again for the answer to it."""
_QUIT_SECONDS: Final = 2.0
_TURN_SECONDS: Final = 30.0
"""Longest wait for the account's turn; then the mail is to come again later."""
_DRAIN: Final = 0.005

_LEADING_DOT: Final = re.compile(rb"(?m)^\.")
_GO_AHEAD: Final = 354
_TAKEN: Final = range(200, 300)
_REFUSALS: Final = range(400, 600)


Account = tuple[str, int, str | None]
"""Host, port and user: what a provider counts mails by."""

_LIMITERS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Account, AsyncLimiter]]] = WeakKeyDictionary()


async def send(message: Outgoing, settings: MailboxSettings, http: Http) -> Sent:
    """Hand the mail to the server. Its id is the Message-ID without brackets. Raises `SendFailed`."""
    if settings.smtp is None:
        raise SendFailed("unsupported", "the connector has no smtp settings: add them to send")
    mail = await asyncio.to_thread(compose, message, settings, datetime.now(UTC))  # megabytes of files take a while
    await _turn(settings.smtp)
    async with _session(settings.smtp, address(settings.address).rpartition("@")[2], http) as client:
        await _envelope(client, mail)
        await _content(client, mail.raw)
    return Sent(external_ids=(mail.message_id,))


async def _turn(smtp: SmtpSettings) -> None:
    """Wait until the account may send one more: evenly, never a minute's mails at once, for providers count over their own
    minute. Connectors with the same account share its rate, the smallest that one of them names."""
    limiters = _LIMITERS.setdefault(asyncio.get_running_loop(), {})
    account, pause = (smtp.host.lower(), smtp.used_port, smtp.user), 60 / smtp.per_minute
    limiter = limiters.get(account)
    if limiter is None or limiter.time_period < pause:
        limiter = limiters[account] = AsyncLimiter(1, pause)
    try:
        async with asyncio.timeout(_TURN_SECONDS):
            await limiter.acquire()
    except TimeoutError:
        detail = "the account sends per_minute mails a minute, and others are before this one"
        raise SendFailed("rate_limited", detail, retry_after=_TURN_SECONDS) from None


@asynccontextmanager
async def _session(smtp: SmtpSettings, name: str, http: Http) -> AsyncIterator[SMTP]:
    """A connection that is encrypted and logged in as the settings say. Nothing falls back to less."""
    client = SMTP(
        hostname=smtp.host.strip("[]"),
        port=smtp.used_port,
        local_hostname=name,
        timeout=COMMAND_SECONDS,
        use_tls=smtp.tls == "implicit",
        start_tls=False,
        tls_context=None if smtp.tls == "none" else await asyncio.to_thread(_trust, smtp),
    )
    try:
        async with _phase("connect", "the server could not be reached, or its certificate is not trusted"):
            await client.connect(timeout=CONNECT_SECONDS)
            await client.ehlo()
            if smtp.tls == "starttls":
                await _encrypt(client)
        async with _phase("login", "the connection was lost before the login was done"):
            await _login(client, smtp, http)
        yield client
        with suppress(SMTPException, OSError):
            await client.quit(timeout=_QUIT_SECONDS)
    finally:
        if (transport := _transport(client)) is not None:
            transport.abort()  # a server that reads nothing, or ends no TLS, would keep the connection for long
        client.close()


def _trust(smtp: SmtpSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if smtp.ca_file is None else str(smtp.ca_file))
    except OSError as error:  # SSLError is one
        raise SendFailed("retryable", f"smtp.ca_file cannot be used: {type(error).__name__}") from error


async def _encrypt(client: SMTP) -> None:
    if not client.supports_extension("starttls"):
        # Not final: it is also what somebody who listens would make of the server's answer.
        raise SendFailed("retryable", "the server offers no STARTTLS, which the settings ask for: nothing was sent")
    await client.starttls()
    await client.ehlo()


async def _login(client: SMTP, smtp: SmtpSettings, http: Http) -> None:
    """PLAIN or LOGIN with a password, XOAUTH2 with a token; one try, since more would lock accounts sooner."""
    if smtp.user is None:
        return
    offered = client.server_auth_methods
    if smtp.oauth is not None:
        if "xoauth2" not in offered:
            raise SendFailed("auth", "the server offers no XOAUTH2")
        await _xoauth2(client, smtp.user, smtp.oauth, http)
    elif smtp.password is not None:
        secret = smtp.password.get_secret_value()
        if "plain" in offered:
            await client.auth_plain(smtp.user, secret)
        elif "login" in offered:
            await client.auth_login(smtp.user, secret)
        else:
            raise SendFailed("auth", "the server offers neither AUTH PLAIN nor LOGIN on this connection")


async def _xoauth2(client: SMTP, user: str, oauth: OAuthSettings, http: Http) -> None:
    """With the token there is; once more with a new one, since a token can be revoked before its end."""
    tokens = access_tokens(oauth)
    try:
        token = await tokens.get("smtp", http)
        try:
            await client.auth_xoauth2(user, token)
        except SMTPAuthenticationError:
            tokens.drop(token)
            if (newer := await tokens.get("smtp", http)) == token:
                raise
            await client.auth_xoauth2(user, newer)
    except SourceFailed as error:
        if error.reason == "consent_gone":  # named, so that it is told as a token that was refused
            raise SendFailed("auth", error.detail, provider_code="consent_gone") from error
        raise SendFailed("retryable", error.detail) from error


async def _envelope(client: SMTP, mail: Composed) -> None:
    if mail.utf8 and not client.supports_extension("smtputf8"):
        raise SendFailed("unsupported", "the address has foreign letters before the @, and the server has no SMTPUTF8")
    options = ["SMTPUTF8", "BODY=8BITMIME"] if mail.utf8 else []
    if client.supports_extension("size"):
        options.append(f"SIZE={len(mail.raw)}")
    encoding = "utf-8" if mail.utf8 else "ascii"
    async with _phase("sender", "the connection was lost before the mail was sent"):
        await client.mail(mail.sender, options=options, encoding=encoding)
    async with _phase("recipient", "the connection was lost before the mail was sent"):
        await client.rcpt(mail.recipient, encoding=encoding)


async def _content(client: SMTP, raw: bytes) -> None:
    async with _phase("content", "the connection was lost before the mail was sent"):
        answer = await client.execute_command(b"DATA")
        if answer.code != _GO_AHEAD:
            raise SMTPResponseException(answer.code, answer.message)
        await _write(client, _LEADING_DOT.sub(b"..", raw))
    try:
        # Between the look at the connection and the dot nothing waits: an error from here on is one of not knowing.
        answer = await client.execute_command(b".", timeout=CONTENT_SECONDS)
    except (SMTPException, OSError) as error:
        raise SendFailed("unknown", "no answer after the whole mail was sent: the server may have it") from error
    if answer.code in _REFUSALS:
        raise failed("content", answer.code, answer.message)
    if answer.code not in _TAKEN:
        raise SendFailed("unknown", "the answer to the whole mail is none", provider_code=str(answer.code))


async def _write(client: SMTP, body: bytes) -> None:
    """Write all but the final dot, and see it off this machine. `body` ends with a line end."""
    transport = _transport(client)
    if transport is None:
        raise ConnectionError("the connection is closed")
    async with asyncio.timeout(CONTENT_SECONDS):
        transport.write(body)
        while client.is_connected and transport.get_write_buffer_size():
            await asyncio.sleep(_DRAIN)
    if not client.is_connected:
        raise ConnectionError("the connection was closed")


def _transport(client: SMTP) -> asyncio.WriteTransport | None:
    return cast("asyncio.WriteTransport | None", client.transport)


@asynccontextmanager
async def _phase(phase: Phase, lost: str) -> AsyncIterator[None]:
    """Errors of one step, in which the mail is surely not sent yet, as `SendFailed`."""
    try:
        yield
    except SMTPResponseException as error:
        if error.code not in _REFUSALS:
            raise SendFailed("retryable", "the server's answer is none", provider_code=str(error.code)) from error
        raise failed(phase, error.code, error.message) from error
    except (SMTPTimeoutError, TimeoutError) as error:
        raise SendFailed("retryable", "the server did not answer in time; the mail was not sent") from error
    except (SMTPException, OSError) as error:
        raise SendFailed("retryable", f"{lost} ({_kind(error)})") from error


def _kind(error: BaseException) -> str:
    """The name of what lies below: aiosmtplib wraps it."""
    while error.__cause__ is not None:
        error = error.__cause__
    return type(error).__name__
