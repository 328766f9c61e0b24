"""Accepted means durable: the kernel's own account of what happened between a post and its answer."""

import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import EMBEDDED, Gateway
from tests.e2e.ledger import Post
from tests.e2e.traffic import Traffic
from tests.servers.process import ServerMissing

CALLS = "fdatasync,fsync,pwrite64,sendto,write,writev,sendmsg"
WAL = "worker-0.sqlite-wal"


def _strace(trace: Path) -> list[str]:
    program = shutil.which("strace")
    if program is None:
        raise ServerMissing("strace", "strace")
    # With -DD strace is neither our child nor of its process group: signals reach the gateway, and the trace is finished.
    return [program, "-DD", "-f", "-y", "-s", "100000", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(trace)]


def _send(gateway: Gateway, posts: Sequence[Post]) -> None:
    for post in posts:
        answer = gateway.request(post.method, post.path, post.body, post.headers)
        assert answer.status in (200, 202), answer.body


def test_the_journal_is_synced_before_the_answer_leaves(make_gateway: MakeGateway, tmp_path: Path) -> None:
    gateway = make_gateway(EMBEDDED)
    trace = tmp_path / "trace"
    gateway.start(before=_strace(trace))
    traffic = Traffic(3, gateway.secret)
    makers = [traffic.form, traffic.api, traffic.webhook] * 8
    posts = [post for make in makers if (post := make()).events[0].text]
    _send(gateway, posts)
    gateway.stop()
    calls = _calls(_finished(trace))
    assert len(posts) >= 16
    position = max(n for n, call in enumerate(calls) if '"HTTP/1.1 200 OK' in call and "ready" in call) + 1
    for post in posts:
        position = _synced_then_answered(calls, post.events[0].marker, position)


def _finished(trace: Path) -> list[str]:
    """The lines of the trace, once strace has written the gateway's end into it."""
    deadline = time.monotonic() + 20
    while not (text := trace.read_text(errors="replace")).endswith("+++ exited with 0 +++\n"):
        assert time.monotonic() < deadline, f"strace does not end: {text[-300:]}"
        time.sleep(0.05)
    return text.splitlines()


def _synced_then_answered(calls: Sequence[str], marker: str, start: int) -> int:
    """The row with this marker is written to the WAL, then a sync of the WAL returns, then 2xx leaves; where that was."""
    written = next(n for n in range(start, len(calls)) if WAL in calls[n] and "pwrite64(" in calls[n] and marker in calls[n])
    answer = next(n for n in range(written, len(calls)) if '"HTTP/1.1 20' in calls[n])
    earlier = [n for n in range(start, written) if '"HTTP/1.1 20' in calls[n]]
    assert not earlier, f"{marker}: an answer left before its row was written: {calls[earlier[0]]}"
    begun = [n for n in range(written, answer) if WAL in calls[n] and re.search(r"\bf(data)?sync\(", calls[n])]
    assert begun, f"{marker}: answered without a sync of the journal"
    assert any(calls[n].rstrip().endswith("= 0") for n in begun), f"{marker}: no sync had returned before the answer"
    return answer + 1


def _calls(lines: Sequence[str]) -> list[str]:
    """One line a call, at the place where it *returned*; for what is sent, where it *began*.

    strace splits a call that another thread's call interrupts into `… <unfinished ...>` and `<... name resumed>…`.
    """
    begun: dict[str, str] = {}
    calls: list[str] = []
    for line in lines:
        thread, _, call = line.partition(" ")
        if call.endswith("<unfinished ...>"):
            begun[thread] = call.removesuffix("<unfinished ...>")
            if '"HTTP/1.1' in call:
                calls.append(begun.pop(thread))
        elif (resumed := re.match(r"\s*<\.\.\. \w+ resumed>(.*)", call)) is not None:
            if thread in begun:
                calls.append(begun.pop(thread) + resumed[1])
        else:
            calls.append(call)
    return calls
