"""A private Exim: a real mail transfer agent that delivers into the mailboxes of a private Dovecot."""

import os
import shutil
import signal
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.dovecot import DovecotServer
from tests.servers.process import ServerProcess, exchange, find_program, free_port, wait_closed

PACKAGE = "exim4-daemon-light"
SIZE_LIMIT = 50 * 1024 * 1024

CONFIGURATION = r"""
primary_hostname = mx.regia.test
exim_user = {account.name}
exim_group = {account.group}
deliver_drop_privilege = true
spool_directory = {home}/spool
log_file_path = {home}/%slog
pid_file_path =
keep_environment =

local_interfaces = 127.0.0.1
daemon_smtp_ports = {port} : {submission_port} : {smtps_port}
tls_on_connect_ports = {smtps_port}
tls_certificate = {certificates.cert_file}
tls_privatekey = {certificates.key_file}
smtputf8_advertise_hosts = *
message_size_limit = {size_limit}
smtp_accept_max = 200
# Every mail is delivered at once, also the hundredth of one connection.
smtp_accept_queue_per_connection = 0
smtp_accept_max_per_connection = 0
# A bounce that has no mailbox to go to is dropped.
ignore_bounce_errors_after = 0s

acl_smtp_rcpt = recipient
acl_smtp_data = accept

begin acl
recipient:
  deny message = 530 5.7.0 Authentication required
       condition = ${{if !eq{{$received_port}}{{{port}}}}}
       !authenticated = *
  deny message = 5.1.1 <$local_part@$domain>: no such user here
       domains = {strict_domain}
       !verify = recipient
  accept

begin routers
mailbox:
  driver = accept
  local_part_suffix = +*
  local_part_suffix_optional
  address_data = ${{lookup{{${{lc:$local_part@$domain}}}} dsearch,filter=dir {{{store.root}}}{{$value}}fail}}
  transport = maildir

begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = {store.root}/$address_data/Maildir
  user = {account.name}
  group = {account.group}
  delivery_date_add
  envelope_to_add
  return_path_add

begin retry
*  *  F,1h,1m

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if eq{{$auth3}}{{{password}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = ${{if eq{{$auth2}}{{{password}}}}}
  server_set_id = $auth1
xoauth2:
  driver = plaintext
  public_name = XOAUTH2
  server_prompts = :
  server_condition = ${{if match{{$auth1}}{{\N^user=([^\x01]+)\x01auth=Bearer ([^\x01]+)\x01\x01$\N}}\
    {{${{if match{{${{readsocket{{inet:127.0.0.1:{token_port}}}{{GET {token_path}$2&user=$1 HTTP/1.0\r\n\r\n}}}}}}\
    {{"active": true}}}}}}{{false}}}}
  server_set_id = ${{extract{{user}}{{${{tr{{$auth1}}{{\x01}}{{ }}}}}}}}
"""


class SmtpServer:
    """`SmtpServer.start(folder, dovecot)`. Whoever has a mailbox in `dovecot` gets mail, of whatever domain.

    An address without mailbox is accepted, and bounced to the envelope's sender; in `strict_domain` it is refused
    at RCPT with 550 5.1.1. Nothing ever leaves the machine. `name+tag@domain` goes to `name@domain`.

    `port` takes mail from everybody and offers STARTTLS and AUTH. `submission_port` (STARTTLS offered) and
    `smtps_port` (TLS at once) want AUTH: any user with `password`, or XOAUTH2 with a token that `dovecot` accepts.
    The certificate is Dovecot's.
    """

    password = DovecotServer.password
    strict_domain = "strict.test"

    def __init__(self, folder: Path, dovecot: DovecotServer, size_limit: int) -> None:
        self._program = find_program("exim4", PACKAGE)
        self.port, self.submission_port, self.smtps_port = free_port(), free_port(), free_port()
        self.certificates = dovecot.certificates
        self.ca_file = dovecot.ca_file
        self.size_limit = size_limit
        self._account = dovecot.account
        self._folder = folder
        self._home = self._account.home("regia-exim-")
        try:
            self._write_configuration(dovecot)
            self._process = self._spawn()
        except BaseException:
            shutil.rmtree(self._home)
            raise

    @classmethod
    def start(cls, folder: Path, dovecot: DovecotServer, *, size_limit: int = SIZE_LIMIT) -> Self:
        """`size_limit` in bytes: what a mail may have, and SIZE says."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, dovecot, size_limit)

    def _write_configuration(self, dovecot: DovecotServer) -> None:
        text = CONFIGURATION.format(
            home=self._home,
            account=self._account,
            certificates=self.certificates,
            store=dovecot.store,
            port=self.port,
            submission_port=self.submission_port,
            smtps_port=self.smtps_port,
            size_limit=self.size_limit,
            strict_domain=self.strict_domain,
            password=self.password,
            token_port=dovecot.tokens.port,
            token_path=dovecot.tokens.path,
        )
        (self._home / "exim.conf").write_text(text)
        self._account.own(self._home / "exim.conf")

    @property
    def _command(self) -> list[str]:
        return [str(self._program), "-C", str(self._home / "exim.conf")]

    @property
    def _env(self) -> dict[str, str]:
        return {"LC_ALL": "C.UTF-8", "HOME": str(self._home), "PATH": os.defpath}

    def _spawn(self) -> ServerProcess:
        process = ServerProcess(
            "exim4",
            [*self._command, "-bdf"],
            log=self._folder / "exim.log",
            env=self._env,
            cwd=self._home,
            user=self._account.switch,
        )
        process.wait_ready(lambda: exchange(self.port, b"").startswith(b"220 "))
        return process

    def log(self) -> str:
        """What became of every mail and connection, in Exim's words."""
        return (self._home / "mainlog").read_text(errors="replace")

    def waiting(self) -> int:
        """How many mails are accepted and not yet delivered or bounced."""
        return int(self._account.run([*self._command, "-bpc"], env=self._env, cwd=self._home))

    def freeze(self) -> None:
        """Connections stay open, new ones are accepted by the kernel, and nothing answers."""
        self._process.send_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_all(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL to the server and all its connections."""
        self._process.kill()
        wait_closed(self.port, self.submission_port, self.smtps_port)

    def start_again(self) -> None:
        """On the same ports, whether it was ended or not; what was accepted before is delivered now."""
        self.kill()
        self._process = self._spawn()
        self._account.run([*self._command, "-qff"], env=self._env, cwd=self._home)

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self._home)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
