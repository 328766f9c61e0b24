"""A private PostgreSQL, tuned for tests: it does not survive a power cut, and need not."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from tests.servers.process import ServerFailed, ServerProcess, descendants, find_program, free_port

SETTINGS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=100",
    "shared_buffers=64MB",
)


class PostgreSQLServer:
    """`PostgreSQLServer.start(folder)`; `url` is a libpq address of the maintenance database, user `regia`.

    PostgreSQL refuses to run as root. Started by root it runs as `postgres` (or `nobody`), and its data lie in a
    folder of that user under the system's temporary folder, since a test's own folder cannot be entered by others.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.url = f"postgresql://regia@127.0.0.1:{port}/postgres"
        self._folder = folder
        self._bin = _newest_bin()
        self._user = _server_user()
        self._home = Path(tempfile.mkdtemp(prefix="regia-postgresql-")) if self._user is not None else folder / "postgresql"
        self._home.mkdir(exist_ok=True)
        if self._user is not None:
            os.chown(self._home, self._user, pwd.getpwuid(self._user).pw_gid)
        self._log = folder / "postgresql.log"
        self._initialise()
        self._process = self._spawn()

    @classmethod
    def start(cls, folder: Path) -> Self:
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, free_port())

    def _initialise(self) -> None:
        command = [str(self._bin / "initdb"), "-D", str(self._home / "data"), "-U", "regia", "-A", "trust"]
        command += ["-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        done = subprocess.run(
            command,
            env=self._env,
            cwd=self._home,
            user=self._user,
            group=None if self._user is None else pwd.getpwuid(self._user).pw_gid,
            extra_groups=None if self._user is None else [],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        if done.returncode != 0:
            raise ServerFailed(f"initdb ended with code {done.returncode}\n{done.stdout}\n{done.stderr}")

    def _spawn(self) -> ServerProcess:
        command = [str(self._bin / "postgres"), "-D", str(self._home / "data"), "-p", str(self.port)]
        for setting in SETTINGS:
            command += ["-c", setting]
        process = ServerProcess("postgres", command, log=self._log, env=self._env, cwd=self._home, user=self._user)
        process.wait_ready(self._answers)
        return process

    @property
    def _env(self) -> dict[str, str]:
        return {"LC_ALL": "C", "HOME": str(self._home), "PATH": os.defpath}

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def create_database(self) -> str:
        """A fresh empty database: its name."""
        name = f"t_{uuid.uuid4().hex[:12]}"
        self._execute(f"CREATE DATABASE {name}")
        return name

    def drop_database(self, name: str) -> None:
        """Also when somebody is still connected."""
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def url_of(self, name: str) -> str:
        """The address in SQLAlchemy's form (driver psycopg)."""
        return f"postgresql+psycopg://regia@127.0.0.1:{self.port}/{name}"

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def kill(self) -> None:
        """SIGKILL to the server and all its processes: each backend leads a session of its own, and would see its last
        statement through."""
        family = descendants(self._process.pid)
        self._process.kill()
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def freeze(self) -> None:
        """Connections stay open and nothing answers; new ones are taken by the system alone."""
        self._process.send(signal.SIGSTOP)  # first, so that it makes no new process
        self._send_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send_all(signal.SIGCONT)
        self._process.send(signal.SIGCONT)

    def _send_all(self, number: signal.Signals) -> None:
        for pid in descendants(self._process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def restart(self) -> None:
        """On the same port, with its data."""
        self._process.stop(signal.SIGINT)
        self._process = self._spawn()

    def stop(self) -> None:
        """SIGINT is PostgreSQL's fast shutdown: it does not wait for clients."""
        self._process.stop(signal.SIGINT)
        if self._user is not None:
            shutil.rmtree(self._home)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def _newest_bin() -> Path:
    """Debian keeps the server programs of each version in a folder that is not on PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    return find_program("initdb", "postgresql", *map(str, folders)).resolve().parent


def _server_user() -> int | None:
    """The id to run as when we are root, else None."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise ServerFailed("PostgreSQL refuses to run as root and there is neither a user postgres nor nobody")
