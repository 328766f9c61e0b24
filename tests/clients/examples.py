"""Runs the consumers of docs/examples/consumers, each with the client library of its language."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import pytest
from playwright._impl._driver import compute_driver_executable

from tests.clients.broker import QUEUE
from tests.servers.process import ServerMissing, ServerProcess, find_program

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ROOT / "docs/examples/consumers"
NODE_MODULES: Final = ROOT / "tests/clients/node/node_modules"
TABLES: Final = re.search(r"^```sql\n(.*?)^```$", (ROOT / "docs/consumers.md").read_text(), re.MULTILINE | re.DOTALL)
"""What the page has readers create."""


def _file(path: str, package: str) -> str:
    if not Path(path).exists():
        raise ServerMissing(path, package)
    return path


def java(folder: Path) -> list[str]:
    jars = [
        _file("/usr/share/java/amqp-client.jar", "librabbitmq-client-java"),
        _file("/usr/share/java/postgresql.jar", "libpostgresql-jdbc-java"),
        *Path("/usr/share/java").glob("slf4j-api.jar"),
    ]
    path = os.pathsep.join([*map(str, jars), str(folder)])
    compiler = find_program("javac", "default-jdk-headless")
    subprocess.run(
        [compiler, "-Xlint:all,-serial", "-Werror", "-d", folder, "-cp", path, EXAMPLES / "Consumer.java"], check=True
    )
    return [
        str(find_program("java", "default-jdk-headless")),
        "-Xshare:auto",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        path,
        "Consumer",
    ]


def php(folder: Path) -> list[str]:
    program = str(find_program("php", "php-cli"))
    _file("/usr/share/php/PhpAmqpLib/autoload.php", "php-amqplib")
    modules = subprocess.run([program, "-m"], capture_output=True, text=True, check=True).stdout.split()
    for module, package in (("pdo_pgsql", "php-pgsql"), ("pcntl", "php-cli")):
        if module not in modules:
            raise ServerMissing(f"PHP's module {module}", package)
    return [program, str(EXAMPLES / "consumer.php")]


def node(folder: Path) -> list[str]:
    if not NODE_MODULES.exists():
        if "CI" in os.environ and shutil.which("npm"):
            pytest.fail("scripts/consumer-deps.sh has not brought amqplib and pg")
        pytest.skip("amqplib and pg are not here: run scripts/consumer-deps.sh, which needs npm")
    (folder / "node_modules").symlink_to(NODE_MODULES)
    shutil.copy(EXAMPLES / "consumer.mjs", folder)
    return [str(compute_driver_executable()[0]), str(folder / "consumer.mjs")]


LANGUAGES: Final[dict[str, Callable[[Path], list[str]]]] = {"java": java, "php": php, "node": node}


@dataclass(frozen=True)
class Example:
    command: list[str]
    environment: dict[str, str]
    folder: Path

    @classmethod
    def make(cls, language: str, folder: Path, amqp_url: str, database_url: str) -> "Example":
        """`database_url` in the form of libpq."""
        broker, database = urlsplit(amqp_url), urlsplit(database_url)
        host, port, name = database.hostname, database.port, database.path.lstrip("/")
        return cls(
            LANGUAGES[language](folder),
            {
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "QUEUE": QUEUE,
                "AMQP_URL": amqp_url,
                "AMQP_HOST": broker.hostname or "",
                "AMQP_PORT": str(broker.port),
                "AMQP_USER": broker.username or "",
                "AMQP_PASSWORD": broker.password or "",
                "AMQP_VHOST": unquote(broker.path[1:]),
                "AUTOLOAD": "PhpAmqpLib/autoload.php",
                "DATABASE_URL": database_url,
                "DSN": f"pgsql:host={host};port={port};dbname={name};user={database.username}",
                "JDBC_URL": f"jdbc:postgresql://{host}:{port}/{name}?user={database.username}",
            },
            folder,
        )

    def log(self) -> str:
        path = self.folder / "consumer.log"
        return path.read_text() if path.exists() else ""

    @contextmanager
    def running(self) -> Iterator[ServerProcess]:
        process = ServerProcess(
            "consumer", self.command, log=self.folder / "consumer.log", env=self.environment, cwd=self.folder
        )
        try:
            yield process
        finally:
            process.kill()
