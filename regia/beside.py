"""What is accepted by hand goes into a journal of its own, beside the gateway's: whoever works that off removes it.

Never into the gateway's: that remembers the ids of what failed, and would take what is driven again for a repeat.
"""

import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from regia.compose import Configured
from storage.journal import Journal
from storage.journal_room import UNLIMITED


def journals(found: Configured) -> Path:
    """The folder of the journals of this machine."""
    return found.settings.data.path.resolve() / "journal"


def open_journal(found: Configured, kind: str, folder: Path | None = None) -> Journal:
    """A new journal beside the gateway's (those in `folder`); `kind` is what its name begins with. An archive takes what the
    disk has. Raises `JournalUnavailable`."""
    limits = replace(found.settings.journal.limits(found.largest), most=UNLIMITED.most)
    name = f"{kind}-{int(time.time())}-{uuid4().hex[:6]}.sqlite"
    return Journal.open((folder or journals(found)) / name, limits=limits)
