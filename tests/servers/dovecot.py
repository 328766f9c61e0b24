"""A private Dovecot: a real IMAP server for any user, with TLS, OAuth tokens and mails on disk (Maildir++)."""

import itertools
import os
import shutil
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.certificates import Certificates, write_certificates
from tests.servers.introspection import TokenService
from tests.servers.looking import StoredMail, examine, looking, stored_mails
from tests.servers.maildir import MailStore
from tests.servers.process import ServerFailed, ServerProcess, exchange, find_program, free_port, wait_closed
from tests.servers.unprivileged import Account, unprivileged

PACKAGE = "dovecot-imapd"
NOBODY_THERE = 68
"""doveadm's exit code when it finds no session to end (EX_NOHOST)."""

CONFIGURATION = """
base_dir = {home}/run
state_dir = {home}/run
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1

# An ordinary user cannot change the user, nor the root folder.
default_login_user = {account.name}
default_internal_user = {account.name}
default_internal_group = {account.group}
first_valid_uid = 1
first_valid_gid = 1
service anvil {{
  chroot =
  # Wrong passwords are not answered more and more slowly.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
    ssl = yes
  }}
}}
auth_failure_delay = 0
mail_max_userip_connections = 0

ssl = yes
ssl_cert = <{certificates.cert_file}
ssl_key = <{certificates.key_file}
disable_plaintext_auth = no

auth_mechanisms = plain login xoauth2 oauthbearer
auth_username_chars =
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {home}/oauth2.conf
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={account.uid} gid={account.gid} home={home}/mail/%u
}}

mail_location = maildir:~/Maildir
namespace inbox {{
  inbox = yes
  separator = /
}}
"""

TOKENS = """
introspection_mode = get
introspection_url = http://127.0.0.1:{tokens.port}{tokens.path}
active_attribute = active
active_value = true
username_attribute = username
"""


class DovecotServer:
    """`DovecotServer.start(folder)`. Every user name exists, with the password `password`, from its first use.

    `port` speaks plain IMAP and offers STARTTLS, `imaps_port` speaks TLS at once; a client must trust
    `ca_file`. Between the levels of a folder's name stands `/`.
    """

    password = "secret"

    def __init__(self, folder: Path) -> None:
        self._program = find_program("dovecot", PACKAGE)
        self._doveadm = find_program("doveadm", PACKAGE)
        self.account: Account = unprivileged()
        self.port, self.imaps_port = free_port(), free_port()
        self._log = folder / "dovecot.log"
        self._home = self.account.home("regia-dovecot-")
        self.certificates: Certificates = write_certificates(self._home, self.account)
        self.ca_file = self.certificates.ca_file
        self.store = MailStore(self._home / "mail", self.account)
        self._users = itertools.count(1)
        self.tokens = TokenService()
        try:
            self._write_configuration()
            self._process = self._spawn()
        except BaseException:
            self._clean()
            raise

    @classmethod
    def start(cls, folder: Path) -> Self:
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder)

    def _write_configuration(self) -> None:
        conf = CONFIGURATION.format(
            home=self._home,
            account=self.account,
            port=self.port,
            imaps_port=self.imaps_port,
            certificates=self.certificates,
            password=self.password,
        )
        for name, text in (("dovecot.conf", conf), ("oauth2.conf", TOKENS.format(tokens=self.tokens))):
            (self._home / name).write_text(text)
            self.account.own(self._home / name)

    def _spawn(self) -> ServerProcess:
        command = [str(self._program), "-F", "-c", str(self._home / "dovecot.conf")]
        process = ServerProcess("dovecot", command, log=self._log, env=self._env, cwd=self._home, user=self.account.switch)
        process.wait_ready(lambda: exchange(self.port, b"").startswith(b"* OK"))
        return process

    @property
    def _env(self) -> dict[str, str]:
        return {"LC_ALL": "C.UTF-8", "HOME": str(self._home), "PATH": os.defpath}

    def new_user(self, name: str = "desk") -> str:
        """An address that nobody else uses, with an empty INBOX."""
        user = f"{name}-{next(self._users)}@regia.test"
        self.store.create(user)
        return user

    def deliver(self, user: str, raw: bytes, folder: str = "INBOX") -> None:
        """Add one mail, unread; the folder is made where it is missing. A client that waits in IDLE is told."""
        self.store.deliver(user, [raw], folder)

    def deliver_many(self, user: str, mails: Iterable[bytes], folder: str = "INBOX") -> None:
        """Some thousand mails in a second, numbered in their order."""
        self.store.deliver(user, mails, folder)

    def mails(self, user: str, folder: str = "INBOX") -> list[StoredMail]:
        """What the folder holds, in the order of the UIDs; empty when there is no such folder. Changes no flag."""
        with looking(self.port, user, self.password) as client:
            return stored_mails(client) if examine(client, folder) else []

    def wait_for_mails(self, user: str, count: int, folder: str = "INBOX", seconds: float = 10.0) -> list[StoredMail]:
        """`mails` as soon as there are at least `count`. Raises `ServerFailed` when they do not come in time."""
        deadline = time.monotonic() + seconds
        while len(found := self.mails(user, folder)) < count:
            if time.monotonic() > deadline:
                raise ServerFailed(f"{len(found)} mails instead of {count} in {folder} of {user} after {seconds:.1f} s")
            time.sleep(0.05)
        return found

    def uidvalidity(self, user: str, folder: str = "INBOX") -> int:
        """Raises `ServerFailed` when there is no such folder."""
        with looking(self.port, user, self.password) as client:
            if not examine(client, folder):
                raise ServerFailed(f"{user} has no folder {folder}")
            _, answer = client.response("UIDVALIDITY")
        return int(answer[0] or 0)

    def change_uidvalidity(self, user: str, folder: str = "INBOX") -> int:
        """Number the folder's mails anew from 1: the new UIDVALIDITY, greater than the old one.

        The server is ended for that: a session would write its own numbers back.
        """
        self.uidvalidity(user, folder)
        self.kill()
        self.store.forget_numbers(user, folder)
        self.start_again()
        return self.uidvalidity(user, folder)

    def accept_token(self, user: str, token: str) -> None:
        """From now on XOAUTH2 and OAUTHBEARER let `user` in with the access token `token`."""
        self.tokens.users[token] = user.lower()

    def revoke_token(self, token: str) -> None:
        """Sessions that are open stay open."""
        self.tokens.users.pop(token, None)

    def disconnect_all(self) -> None:
        """End every logged-in session: the server says BYE, and accepts new ones."""
        command = [str(self._doveadm), "-c", str(self._home / "dovecot.conf"), "kick", "*"]
        self.account.run(command, env=self._env, cwd=self._home, good=(0, NOBODY_THERE))

    def freeze(self) -> None:
        """Connections stay open, new ones are accepted by the kernel, and nothing answers."""
        self._process.send_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_all(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL to the server and all its sessions."""
        self._process.kill()
        wait_closed(self.port, self.imaps_port)

    def start_again(self) -> None:
        """On the same ports, with the same mails and tokens, whether it was ended or not."""
        self.kill()
        self._process = self._spawn()

    def stop(self) -> None:
        # The orderly end takes a second, and nobody needs its mails any more.
        self.kill()
        self._clean()

    def _clean(self) -> None:
        self.tokens.stop()
        shutil.rmtree(self._home)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
