"""An archive of varied mails, and what must come of it."""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.gateway import Gateway
from tests.e2e.judge import Verdict
from tests.mailcorpus import Sample, build, write_mbox


def archive(path: Path, count: int, *, repeats: int = 0) -> list[bytes]:
    """Write `count` mails, the first `repeats` of them twice; what each is, as it will be read back."""
    samples: Sequence[Sample] = build(count)
    write_mbox(path, [*samples, *samples[:repeats]])
    return [plain(sample.raw) for sample in samples]


def import_mbox(gateway: Gateway, path: Path) -> str:
    """The whole of `regia import mbox`; what it said."""
    output, _ = (importing := gateway.import_mbox(path)).communicate(timeout=120)
    assert importing.returncode == 0, output
    return output


def plain(raw: bytes) -> bytes:
    """A mail without what an archive does not keep: line ends and the number of blank lines at the end."""
    return raw.replace(b"\r\n", b"\n").rstrip(b"\n")


def key(raw: bytes) -> str:
    """What makes a mail the same mail: its Message-ID and its body, or without an id everything."""
    head, _, body = raw.partition(b"\n\n")
    found = re.search(rb"^message-id:\s*(\S+)", head, re.IGNORECASE | re.MULTILINE)
    return hashlib.sha256(found[1] + b"\n" + body if found else raw).hexdigest()


def check_mails(gateway: Gateway, verdict: Verdict, mails: Sequence[bytes], *, sample: int = 10_000) -> int:
    """Every mail is exactly one envelope, and its raw bytes are the archive's; how many different ones.

    The raw bytes of at most `sample` envelopes are looked at.
    """
    ids = [envelope_id for envelope_id, body in verdict.bodies.items() if json.loads(body)["data"]["connector"] == "mail"]
    different = {key(mail) for mail in mails}
    assert len(ids) == len(different)
    seen: set[str] = set()
    for envelope_id in ids[:sample]:
        answer = gateway.get(f"/v1/messages/{envelope_id}/raw")
        assert answer.status == 200, answer.body
        found = key(plain(answer.body))
        assert found in different, f"{envelope_id} holds a mail that is not in the archive"
        assert found not in seen, f"{envelope_id} is a mail that has another envelope too"
        seen.add(found)
        assert json.loads(verdict.bodies[envelope_id])["data"]["backlog"] is True
    return len(different)
