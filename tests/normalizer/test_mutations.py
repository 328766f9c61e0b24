"""A sample of the mutated mails that `make proof` reads by the thousand, in this process."""

import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from connectors.base import Parsed, Unreadable
from tests.mutants import EDITS, mutants
from tests.mutants.verdict import CONNECTOR, faults, keep, request

COUNT = 150
SEED = 20261121


def test_no_mutated_mail_is_lost_or_slow(tmp_path: Path) -> None:
    bad, messages = [], 0
    for mutant in mutants(COUNT, SEED):
        started = time.perf_counter()
        parsed = CONNECTOR.parse(request(mutant.raw))
        messages += len(parsed.messages)
        if found := list(faults(mutant.raw, parsed, time.perf_counter() - started)):
            bad.append(keep(tmp_path, mutant, found))
    assert not bad, "\n".join(bad)
    assert messages > COUNT * 0.8


def test_every_edit_changes_mails_and_the_same_seed_gives_the_same() -> None:
    first = list(mutants(COUNT, SEED))
    assert {name for mutant in first for name in mutant.name.split(" ")[2].split("+")} == set(EDITS)
    assert len({mutant.raw for mutant in first}) > COUNT * 0.95
    assert first == list(mutants(COUNT, SEED))
    assert first != list(mutants(COUNT, SEED + 1))


RAW = b"From: anna@example.it\r\nMessage-ID: <1@example.it>\r\n\r\nVorrei un rimborso\r\n"
GOOD = CONNECTOR.parse(request(RAW))
(MESSAGE,) = GOOD.messages
FAILED = Unreadable(reason="parser_failed", raw=RAW, content_type="message/rfc822", detail="reading raised KeyError")
WRONG = {
    "slow": (GOOD, 5.1, "reading took 5.1 s"),
    "nothing": (Parsed(), 0.0, "messages, statuses, unreadable: (0, 0, 0)"),
    "two": (Parsed(messages=(MESSAGE, MESSAGE)), 0.0, "messages, statuses, unreadable: (2, 0, 0)"),
    "other bytes": (Parsed(messages=(replace(MESSAGE, raw=RAW + b"\n"),)), 0.0, "the bytes that are kept are others"),
    "raised": (Parsed(unreadable=(FAILED,)), 0.0, "parser_failed: reading raised KeyError"),
    "half a character": (Parsed(messages=(replace(MESSAGE, text="\ud800"),)), 0.0, "the journal cannot write it down"),
    "a number of 70 bits": (Parsed(messages=(replace(MESSAGE, fields={"a": 2**70}),)), 0.0, "the journal cannot write it down"),
}


@pytest.mark.parametrize(("parsed", "seconds", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_found(parsed: Parsed, seconds: float, said: str) -> None:
    assert said in "\n".join(faults(RAW, parsed, seconds))


def test_a_mail_that_was_read_has_no_faults() -> None:
    assert list(faults(RAW, GOOD, 0.1)) == []
