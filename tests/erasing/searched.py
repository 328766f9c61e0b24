"""Searches for strings where an erase must leave none: bytes of files, and messages of queues."""

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pika

_SEARCH = """
import pathlib, sys
for line in sys.stdin.read().splitlines():
    kind, _, value = line.partition(" ")
    if kind == "string":
        strings = globals().setdefault("strings", []) + [value.encode()]
        globals()["strings"] = strings
    else:
        data = pathlib.Path(value).read_bytes().lower()
        for one in strings:
            if one.lower() in data:
                print(f"{value}: {one.decode()}: {data.count(one.lower())}")
"""


def in_files(folder: Path, strings: Sequence[str]) -> list[str]:
    """Where files below the folder hold one of the strings, in capitals or not.

    In a process of its own: closing a file of SQLite that this process has open would take its locks away.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert files
    lines = [*(f"string {one}" for one in strings), *(f"file {path}" for path in files)]
    done = subprocess.run([sys.executable, "-c", _SEARCH], input="\n".join(lines), capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def in_queues(url: str, queues: Iterable[str], strings: Sequence[str]) -> list[str]:
    """Which messages of RabbitMQ hold one of the strings in body or properties; they are left where they are."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    found = []
    try:
        channel = connection.channel()
        for queue in queues:
            while (got := channel.basic_get(queue))[0] is not None:
                text = f"{got[1]} {got[2].decode(errors='replace')}".lower()
                found += [f"{queue}: {one}" for one in strings if one.lower() in text]
    finally:
        connection.close()
    return found
