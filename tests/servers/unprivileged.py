"""Servers that refuse to work for root run as `nobody` then, in a folder which that account may enter."""

import grp
import os
import pwd
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import ServerFailed


@dataclass(frozen=True)
class Account:
    """Whom a server runs as. `switch` is the user id to change to when we are root, else None."""

    name: str
    group: str
    uid: int
    gid: int
    switch: int | None

    def own(self, path: Path) -> None:
        """Give `path` to the account. Does nothing unless we are root."""
        if self.switch is not None:
            os.chown(path, self.uid, self.gid)

    def home(self, prefix: str) -> Path:
        """A new folder of the account in the system's temporary folder; remove it in the end.

        A test's own folder cannot be entered by `nobody`, and its path is too long for Unix sockets (108 bytes).
        """
        home = Path(tempfile.mkdtemp(prefix=prefix))
        self.own(home)
        return home

    def run(self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, good: Sequence[int] = (0,)) -> str:
        """A short program of the server's package, run as the account: what it printed.

        Raises `ServerFailed` when its exit code is not in `good`.
        """
        done = subprocess.run(
            list(command),
            env=dict(env),
            cwd=cwd,
            user=self.switch,
            group=None if self.switch is None else self.gid,
            extra_groups=None if self.switch is None else [],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if done.returncode not in good:
            raise ServerFailed(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout


def unprivileged() -> Account:
    """`nobody` when we are root, else whoever we are. Raises `ServerFailed` when that account has no name."""
    root = os.geteuid() == 0
    try:
        user = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
        group = grp.getgrgid(user.pw_gid)
    except KeyError as error:
        wanted = "a user `nobody`" if root else f"a user of id {os.geteuid()}"
        raise ServerFailed(f"mail servers need {wanted} with a group in /etc/passwd and /etc/group: {error}") from error
    return Account(user.pw_name, group.gr_name, user.pw_uid, user.pw_gid, user.pw_uid if root else None)
