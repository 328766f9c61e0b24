"""Single headers: subject, dates and message ids."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from normalizer.mail.words import decode_words
from normalizer.text import clean

_MAX_ID: Final = 500
"""Characters of a message id that are believed: longer ones (RFC 5322 allows 996) do not occur in earnest."""
_MAX_IDS: Final = 100

_ID: Final = re.compile(r'<("[^"<>\r\n]{1,200}"@[^<>\s]{1,250}|[^<>\s]{1,500})>')
_YEARS: Final = range(1990, 2100)


def one_line(value: str) -> str | None:
    """Decoded, cleaned, on one line; None when nothing is left."""
    return " ".join(clean(decode_words(value)).split()) or None


def message_ids(value: str | None) -> tuple[str, ...]:
    """The ids in a header, without brackets, in their order, each once. Junk between them is left out.

    Some senders leave out the brackets, some encode the header as if it were text.
    """
    if not value:
        return ()
    value = decode_words(value)
    found = _ID.findall(re.sub(r"\s*([<>])\s*", r"\1", value[: 1 << 14]) if "<" in value else "")
    if not found:
        found = [word for word in value.split() if "@" in word and len(word) <= _MAX_ID]
    ids = list(dict.fromkeys(clean(each).strip("<>") for each in found))
    # The first starts the thread, the last are the nearest.
    return tuple(ids if len(ids) <= _MAX_IDS else [ids[0], *ids[1 - _MAX_IDS :]])


def message_id(value: str | None) -> str | None:
    """The mail's own id without brackets, or None when there is none that can serve as one."""
    if not value:
        return None
    if ids := message_ids(value):
        return ids[0]
    word = clean(decode_words(value)).strip(" \t<>")
    return word if 0 < len(word) <= _MAX_ID and not re.search(r"\s", word) else None


def date(value: str | None) -> datetime | None:
    """The moment in UTC. A date without a zone is taken as UTC; one that cannot be, or not of our times, is None."""
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value[:200])
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None
    return moment if moment.year in _YEARS else None
