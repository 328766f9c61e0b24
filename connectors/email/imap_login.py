"""Logging in: a password with any characters, or an OAuth access token (XOAUTH2)."""

from base64 import b64encode

from connectors.email.imap_answers import PASSING, code, quoted
from connectors.email.imap_link import Answer, Link, connect
from connectors.email.oauth import access_tokens, xoauth2
from connectors.email.settings import ImapSettings
from connectors.errors import SourceFailed
from connectors.exchange import Http


async def logged_in(settings: ImapSettings, http: Http) -> Link:
    """A connection over which the user of the settings is logged in. Raises `SourceFailed`.

    A token that was kept may have been withdrawn before its end. Then a new one is asked for and tried at once; one that
    has just been given is refused for good.
    """
    if settings.oauth is None:
        return await _entered(settings, password=settings.password.get_secret_value() if settings.password else None)
    tokens = access_tokens(settings.oauth)
    kept = tokens.kept("imap")
    while True:
        token = await tokens.get("imap", http)
        try:
            return await _entered(settings, token=token)
        except SourceFailed as error:
            if error.reason != "login_refused":
                raise
            tokens.drop(token)
            if token != kept:
                raise
            kept = None


async def _entered(settings: ImapSettings, *, password: str | None = None, token: str | None = None) -> Link:
    link = await connect(settings)
    try:
        await log_in(link, settings.user, password=password, token=token)
    except BaseException:
        await link.close()
        raise
    return link


async def log_in(link: Link, user: str, *, password: str | None = None, token: str | None = None) -> None:
    """Log in with the one of both that is given. Raises `SourceFailed`, after which the link is closed."""
    if any(character in (password or "") + user for character in "\r\n\0"):
        raise SourceFailed("login_refused", "the user or the password holds a line break or a NUL: correct the settings")
    try:
        answer = await _ask(link, user, password, token)
    except SourceFailed as error:
        if link.wire.refused:  # some servers hang up, or say nothing more, after they have refused a token
            raise _refused(token) from error
        raise
    if not answer.ok:
        raise _not_let_in(answer, token)
    link.protocol.state = link.module.AUTH
    await link.capabilities()


async def _ask(link: Link, user: str, password: str | None, token: str | None) -> Answer:
    if token is not None:
        return await _sasl(link, "XOAUTH2", xoauth2(user, token))
    if link.can("AUTH=PLAIN"):
        return await _sasl(link, "PLAIN", f"\0{user}\0{password}".encode())
    if link.can("LOGINDISABLED"):
        raise SourceFailed("login_refused", "the server takes no password over this connection: use TLS, or oauth")
    return await _login(link, user, password or "")


async def _sasl(link: Link, mechanism: str, credentials: bytes) -> Answer:
    """AUTHENTICATE. The credentials come along where the server takes them so (RFC 4959), or when it asks for them."""
    response = b64encode(credentials).decode()
    at_once = [response] if link.can("SASL-IR") else []
    link.wire.answering(*([] if at_once else [response.encode()]))
    try:
        return await link.command("AUTHENTICATE", mechanism, *at_once, scrub=response)
    finally:
        link.wire.answered()


async def _login(link: Link, user: str, password: str) -> Answer:
    """LOGIN, with literals where there is more than ASCII: a quoted string holds nothing else."""
    if user.isascii() and password.isascii():
        return await link.command("LOGIN", quoted(user), quoted(password), scrub=quoted(password))
    name, secret = user.encode(), password.encode()
    link.wire.answering(name + b" {%d}" % len(secret), secret)
    try:
        return await link.command("LOGIN", f"{{{len(name)}}}")
    finally:
        link.wire.answered()


def _not_let_in(answer: Answer, token: str | None) -> SourceFailed:
    if code(answer.status) in PASSING:
        return SourceFailed("closed", "the server lets nobody in now")
    return _refused(token)


def _refused(token: str | None) -> SourceFailed:
    if token is not None:
        detail = "the server refuses the access token: check the user, the mailbox's permissions and the scope"
        return SourceFailed("login_refused", detail)
    return SourceFailed("login_refused", "the server refuses user and password: check both, and whether IMAP is allowed")
