"""The private mail servers: they do what real ones do, and what a test asks of them to make trouble."""

import email
import email.policy
import imaplib
import json
import os
import pwd
import smtplib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.dovecot import DovecotServer
from tests.servers.looking import StoredMail
from tests.servers.maildir import mailbox_name
from tests.servers.process import ServerFailed, exchange
from tests.servers.smtp import SmtpServer
from tests.servers.unprivileged import unprivileged

MAIL = b"From: Maria <maria@cliente.it>\r\nSubject: Reso\r\n\r\nBuongiorno,\r\n.vorrei rendere le scarpe.\r\n"


@pytest.fixture
def client(dovecot: DovecotServer, mail_user: str) -> Iterator[imaplib.IMAP4]:
    """Logged in as `mail_user`."""
    client = imaplib.IMAP4("127.0.0.1", dovecot.port, timeout=10)
    client.login(mail_user, dovecot.password)
    yield client
    client.shutdown()


@pytest.fixture
def sender(smtp_server: SmtpServer) -> Iterator[smtplib.SMTP]:
    """Connected to the port that takes mail from everybody."""
    with smtplib.SMTP("127.0.0.1", smtp_server.port, timeout=10) as sender:
        yield sender


def trusting(dovecot: DovecotServer) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=dovecot.ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def idle(client: imaplib.IMAP4) -> None:
    client.select()
    client.send(b"A1 IDLE\r\n")
    assert client.readline().startswith(b"+ idling")


def test_mails_are_delivered_byte_for_byte_in_their_order(dovecot: DovecotServer, mail_user: str) -> None:
    dovecot.deliver(mail_user, MAIL)
    many = [b"Subject: %d\r\n\r\n\xe8\r\n" % number for number in range(500)]
    dovecot.deliver_many(mail_user, many)
    found = dovecot.mails(mail_user)
    assert [mail.raw for mail in found] == [MAIL, *many]
    assert not any(mail.flags for mail in found)


def test_flags_and_keywords_are_seen(dovecot: DovecotServer, mail_user: str, client: imaplib.IMAP4) -> None:
    dovecot.deliver(mail_user, MAIL)
    client.select()
    client.store("1", "+FLAGS", r"(\Seen $Taken)")
    assert dovecot.mails(mail_user) == [StoredMail(frozenset({r"\Seen", "$Taken"}), MAIL)]


@pytest.mark.parametrize("folder", ["Lavorati", "Archivio/2026", "Già letti", 'Reso "urgente" & co'])
def test_folders_are_made_when_a_mail_comes(dovecot: DovecotServer, mail_user: str, folder: str) -> None:
    assert dovecot.mails(mail_user, folder) == []
    dovecot.deliver(mail_user, MAIL, folder)
    assert [mail.raw for mail in dovecot.mails(mail_user, folder)] == [MAIL]
    assert dovecot.mails(mail_user) == []


@pytest.mark.parametrize(
    ("folder", "name"),
    [("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"), ("Q&A", "Q&-A"), ("Perché", "Perch&AOk-")],
)
def test_folder_names_on_the_wire(folder: str, name: str) -> None:
    assert mailbox_name(folder) == name


def test_mails_that_do_not_come_are_an_error(dovecot: DovecotServer, mail_user: str) -> None:
    with pytest.raises(ServerFailed, match="0 mails instead of 1 in INBOX"):
        dovecot.wait_for_mails(mail_user, 1, seconds=0.1)


def test_who_waits_in_idle_is_told(dovecot: DovecotServer, mail_user: str, client: imaplib.IMAP4) -> None:
    idle(client)
    dovecot.deliver(mail_user, MAIL)
    assert client.readline() == b"* 1 EXISTS\r\n"


def test_a_wrong_password_is_refused(dovecot: DovecotServer, mail_user: str) -> None:
    client = imaplib.IMAP4("127.0.0.1", dovecot.port, timeout=10)
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        client.login(mail_user, "guess")
    client.shutdown()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_imap_over_tls(dovecot: DovecotServer, mail_user: str, host: str) -> None:
    with imaplib.IMAP4_SSL(host, dovecot.imaps_port, ssl_context=trusting(dovecot), timeout=10) as client:
        assert client.login(mail_user, dovecot.password)[0] == "OK"
    with imaplib.IMAP4(host, dovecot.port, timeout=10) as client:
        assert client.starttls(trusting(dovecot))[0] == "OK"
        assert client.login(mail_user, dovecot.password)[0] == "OK"


def test_who_does_not_trust_our_authority_refuses(dovecot: DovecotServer) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        imaplib.IMAP4_SSL("127.0.0.1", dovecot.imaps_port, ssl_context=ssl.create_default_context(), timeout=10)


def test_the_certificate_is_for_no_other_name(dovecot: DovecotServer) -> None:
    with (
        socket.create_connection(("127.0.0.1", dovecot.imaps_port), timeout=10) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"),
    ):
        trusting(dovecot).wrap_socket(plain, server_hostname="imap.gmail.com")


def bearer(user: str, token: str) -> bytes:
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()


def test_xoauth2_lets_in_with_the_user_s_token_only(dovecot: DovecotServer, mail_user: str) -> None:
    dovecot.accept_token(mail_user, "ya29.good")
    with imaplib.IMAP4("127.0.0.1", dovecot.port, timeout=10) as client:
        assert client.authenticate("XOAUTH2", lambda _: bearer(mail_user, "ya29.good"))[0] == "OK"
    for user, token in ((mail_user, "ya29.old"), (dovecot.new_user(), "ya29.good")):
        assert refusal(dovecot, bearer(user, token))["status"] == "401"
    dovecot.revoke_token("ya29.good")
    assert refusal(dovecot, bearer(mail_user, "ya29.good"))["schemes"] == "bearer"


def refusal(dovecot: DovecotServer, answer: bytes) -> dict[str, str]:
    """The JSON that Dovecot sends as a challenge before its NO."""
    challenges: list[bytes] = []

    def answers(challenge: bytes) -> bytes:
        challenges.append(challenge)
        return answer if len(challenges) == 1 else b""

    client = imaplib.IMAP4("127.0.0.1", dovecot.port, timeout=10)
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        client.authenticate("XOAUTH2", answers)
    client.shutdown()
    said: dict[str, str] = json.loads(challenges[1])
    return said


def test_uidvalidity_changes_and_numbers_start_anew(dovecot: DovecotServer, mail_user: str, client: imaplib.IMAP4) -> None:
    dovecot.deliver_many(mail_user, [b"Subject: old\r\n\r\n", MAIL])
    client.select()
    client.store("1", "+FLAGS", r"\Deleted")
    client.expunge()
    before = dovecot.uidvalidity(mail_user)
    assert dovecot.change_uidvalidity(mail_user) == dovecot.uidvalidity(mail_user) > before
    with imaplib.IMAP4("127.0.0.1", dovecot.port, timeout=10) as again:
        again.login(mail_user, dovecot.password)
        again.select()
        assert again.uid("SEARCH", "ALL") == ("OK", [b"1"])
    assert [mail.raw for mail in dovecot.mails(mail_user)] == [MAIL]


def test_killed_and_started_again_it_has_its_mails(dovecot: DovecotServer, mail_user: str, client: imaplib.IMAP4) -> None:
    dovecot.deliver(mail_user, MAIL)
    idle(client)
    dovecot.kill()
    assert client.readline() == b""
    assert exchange(dovecot.port, b"") == b""
    dovecot.start_again()
    assert [mail.raw for mail in dovecot.mails(mail_user)] == [MAIL]


def test_frozen_it_keeps_connections_and_is_silent(dovecot: DovecotServer, mail_user: str, client: imaplib.IMAP4) -> None:
    idle(client)
    client.sock.settimeout(0.2)
    dovecot.freeze()
    try:
        dovecot.deliver(mail_user, MAIL)
        with pytest.raises(TimeoutError):
            client.sock.recv(100)
        with socket.create_connection(("127.0.0.1", dovecot.port), timeout=0.2) as late, pytest.raises(TimeoutError):
            late.recv(100)
    finally:
        dovecot.thaw()
    client.sock.settimeout(10)
    assert client.sock.recv(100).startswith(b"* 1 EXISTS")


def test_disconnected_sessions_hear_bye(dovecot: DovecotServer, client: imaplib.IMAP4) -> None:
    idle(client)
    dovecot.disconnect_all()
    assert client.readline().startswith(b"* BYE ")
    assert client.readline() == b""
    dovecot.disconnect_all()


def test_an_account_without_a_name_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody_of(uid: int) -> pwd.struct_passwd:
        raise KeyError(f"uid not found: {uid}")

    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    monkeypatch.setattr(pwd, "getpwuid", nobody_of)
    with pytest.raises(ServerFailed, match=r"need a user of id 4711 .*/etc/passwd"):
        unprivileged()


def test_nothing_answers_after_the_end(tmp_path: Path) -> None:
    with (
        DovecotServer.start(tmp_path / "dovecot") as dovecot,
        SmtpServer.start(tmp_path / "exim", dovecot) as exim,
    ):
        homes = [dovecot._home, exim._home]
        ports = [dovecot.port, dovecot.imaps_port, exim.port, exim.submission_port, exim.smtps_port]
        dovecot.freeze()
        exim.freeze()
    assert [exchange(port, b"") for port in ports] == [b""] * len(ports)
    assert not any(home.exists() for home in homes)


def test_exim_delivers_into_the_mailbox(dovecot: DovecotServer, mail_user: str, sender: smtplib.SMTP) -> None:
    customer = dovecot.new_user("maria")
    assert sender.sendmail(customer, mail_user.replace("@", "+T-17@").upper(), MAIL) == {}
    [mail] = dovecot.wait_for_mails(mail_user, 1)
    parsed = email.message_from_bytes(mail.raw, policy=email.policy.SMTP)
    assert parsed["Return-path"] == f"<{customer}>"
    assert parsed["Envelope-to"] == mail_user.replace("@", "+T-17@").upper()
    assert mail.raw.endswith(MAIL)


def test_an_unknown_address_bounces_to_the_sender(dovecot: DovecotServer, mail_user: str, sender: smtplib.SMTP) -> None:
    assert sender.sendmail(mail_user, "nessuno@example.org", MAIL) == {}
    [mail] = dovecot.wait_for_mails(mail_user, 1)
    bounce = email.message_from_bytes(mail.raw, policy=email.policy.SMTP)
    assert bounce["Return-path"] == "<>"
    assert bounce["Auto-Submitted"] == "auto-replied"
    assert (bounce.get_content_type(), bounce.get_param("report-type")) == ("multipart/report", "delivery-status")
    assert b"Final-Recipient: rfc822;nessuno@example.org" in mail.raw


def test_the_strict_domain_refuses_unknown_addresses(dovecot: DovecotServer, smtp_server: SmtpServer) -> None:
    known = f"anna@{smtp_server.strict_domain}"
    dovecot.store.create(known)
    with smtplib.SMTP("127.0.0.1", smtp_server.port, timeout=10) as sender:
        refused = sender.sendmail("maria@cliente.it", [known, f"nessuno@{smtp_server.strict_domain}"], MAIL)
    assert refused == {"nessuno@strict.test": (550, b"5.1.1 <nessuno@strict.test>: no such user here")}
    assert len(dovecot.wait_for_mails(known, 1)) == 1
    dovecot.store.forget(known)


def test_a_mail_larger_than_the_limit_is_refused(dovecot: DovecotServer, mail_user: str, tmp_path: Path) -> None:
    with (
        SmtpServer.start(tmp_path, dovecot, size_limit=2000) as exim,
        smtplib.SMTP("127.0.0.1", exim.port, timeout=10) as sender,
    ):
        sender.ehlo()
        assert sender.esmtp_features["size"] == "2000"
        assert sender.sendmail("maria@cliente.it", mail_user, MAIL) == {}
        with pytest.raises(smtplib.SMTPSenderRefused, match="exceeds maximum"):
            sender.sendmail("maria@cliente.it", mail_user, MAIL + b"x" * 2000)


def test_addresses_beyond_ascii_are_delivered(dovecot: DovecotServer, sender: smtplib.SMTP) -> None:
    user = dovecot.new_user("niccolò")
    options = ["SMTPUTF8", "BODY=8BITMIME"]
    assert sender.sendmail("josé@cliente.it", user, "Subject: Però\r\n\r\nè\r\n".encode(), mail_options=options) == {}
    assert "Subject: Però".encode() in dovecot.wait_for_mails(user, 1)[0].raw


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        ("PLAIN \0{user}\0secret", 235),
        ("PLAIN \0{user}\0guess", 535),
        ("XOAUTH2 user={user}\x01auth=Bearer ya29.mail\x01\x01", 235),
        ("XOAUTH2 user={user}\x01auth=Bearer ya29.old\x01\x01", 535),
        ("XOAUTH2 user=somebody@regia.test\x01auth=Bearer ya29.mail\x01\x01", 535),
    ],
)
def test_who_may_submit_over_tls(
    dovecot: DovecotServer, smtp_server: SmtpServer, mail_user: str, secret: str, code: int
) -> None:
    method, _, response = secret.partition(" ")
    dovecot.accept_token(mail_user, "ya29.mail")
    port, context = smtp_server.smtps_port, trusting(dovecot)
    with smtplib.SMTP_SSL("127.0.0.1", port, context=context, timeout=10) as sender:
        sender.ehlo()
        assert sender.mail(mail_user)[0] == 250
        assert sender.rcpt(mail_user)[0] == 530
        sender.rset()
        try:
            answer = sender.auth(method, lambda _=None: response.format(user=mail_user))[0]
        except smtplib.SMTPAuthenticationError as refused:
            answer = refused.smtp_code
        assert answer == code
        sender.mail(mail_user)
        assert sender.rcpt(mail_user)[0] == (250 if code == 235 else 530)


def test_submission_with_starttls_and_login(dovecot: DovecotServer, smtp_server: SmtpServer, mail_user: str) -> None:
    with smtplib.SMTP("localhost", smtp_server.submission_port, timeout=10) as sender:
        sender.starttls(context=trusting(dovecot))
        sender.ehlo()
        sender.user, sender.password = mail_user, smtp_server.password
        assert sender.auth("LOGIN", sender.auth_login)[0] == 235
        sender.sendmail(mail_user, mail_user, MAIL)
    assert b"with esmtpsa" in dovecot.wait_for_mails(mail_user, 1)[0].raw


def test_killed_exim_delivers_what_it_had_accepted(dovecot: DovecotServer, smtp_server: SmtpServer, mail_user: str) -> None:
    maildir = dovecot.store.root / mail_user / "Maildir"
    maildir.chmod(0o500)
    (maildir / "tmp").chmod(0o500)
    with smtplib.SMTP("127.0.0.1", smtp_server.port, timeout=10) as sender:
        assert sender.sendmail("maria@cliente.it", mail_user, MAIL) == {}
    assert smtp_server.waiting() == 1
    smtp_server.kill()
    assert exchange(smtp_server.port, b"") == b""
    (maildir / "tmp").chmod(0o700)
    maildir.chmod(0o700)
    smtp_server.start_again()
    assert len(dovecot.wait_for_mails(mail_user, 1)) == 1
    assert smtp_server.waiting() == 0
    assert f"<{mail_user}> R=mailbox" in smtp_server.log()


def test_frozen_exim_is_silent(smtp_server: SmtpServer, sender: smtplib.SMTP) -> None:
    sender.ehlo()
    assert sender.sock is not None
    sender.sock.settimeout(0.2)
    smtp_server.freeze()
    try:
        sender.putcmd("noop")
        with pytest.raises(TimeoutError):
            sender.sock.recv(100)
    finally:
        smtp_server.thaw()
    sender.sock.settimeout(10)
    assert sender.sock.recv(100).startswith(b"250 ")
