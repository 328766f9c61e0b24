"""From a request's JSON to an Update of python-telegram-bot, and what its attributes really hold.

The library believes the JSON: it raises whatever comes of a missing field, and takes over a value of another type as it
is. So an update is read in one place that knows what can be raised, and what a contact cannot do without (ids, the
customer's words) is asked for once more, strictly.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypeVar

from telegram import Update

from connectors.reading import Misshapen, Part, moment

T = TypeVar("T")

MISREAD: Final = (TypeError, AttributeError, KeyError, ValueError, IndexError, OverflowError, OSError, RecursionError)
"""What `de_json` was seen to raise, or can, for values of other types at any depth: a list in place of an object, a
message without its date, a year past 9999, an answer to an answer some hundred times."""


def update(data: Mapping[str, Any]) -> Update:
    """Raises `Misshapen` for what the library cannot read."""
    try:
        return Update.de_json(_mended(data), None)
    except MISREAD as error:
        # The library's own words are not repeated: they may quote what was found.
        raise Misshapen("update", f"the documented form ({type(error).__name__})") from None


def given(value: T | None, path: str) -> T:
    """What must be there. Raises `Misshapen`."""
    if value is None:
        raise Misshapen(path, "a value")
    return value


def number(value: object, path: str) -> str:
    """A whole number as text, for ids of up to 64 bits. Raises `Misshapen`."""
    found = Part({path: value}).whole(path)
    if found is None:
        raise Misshapen(path, "a whole number")
    return str(found)


def decimal(value: object, path: str) -> float:
    """Raises `Misshapen`."""
    return Part({path: value}).number(path)


def ident(value: object, path: str) -> str:
    """An id that is a text. Raises `Misshapen`."""
    return Part({path: value}).ident(path)


def optional_ident(value: object, path: str) -> str | None:
    """Raises `Misshapen` for a text that is no id."""
    return Part({path: value}).optional_ident(path)


def words(value: object, path: str) -> str:
    """A text. Raises `Misshapen`."""
    return Part({path: value}).text(path)


def optional_words(value: object, path: str) -> str | None:
    """Raises `Misshapen` for what is neither a text nor missing."""
    return Part({path: value}).optional_text(path)


def hint(value: object) -> str | None:
    """A text that only decorates; of another type it counts as absent."""
    return value if isinstance(value, str) and value else None


def size(value: object) -> int:
    """A whole number that only decorates."""
    return value if isinstance(value, int) else 0


def when(value: datetime | None) -> datetime | None:
    """A time that means one: Telegram writes 0 where it tells none."""
    return None if value is None else moment(value.timestamp())


def _mended(value: Any) -> Any:
    """A copy without the defects that no contact needs to be lost for."""
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {key: _MENDS.get(key, _as_it_is)(_mended(item)) for key, item in value.items()}


def _as_it_is(value: Any) -> Any:
    return value


def _user(value: Any) -> Any:
    """Who is our own bot is told by its id."""
    return {"is_bot": False, **value} if isinstance(value, dict) else value


def _seconds(value: Any) -> Any:
    """Telegram counts seconds; a time in milliseconds would lie past the last year that Python knows."""
    found = moment(value)
    return 0 if found is None else found.timestamp()


def _sizes(value: Any) -> Any:
    """The sizes of a photo that can be had."""
    if not isinstance(value, list):
        return value
    return [one for one in value if isinstance(one, dict) and {"file_id", "file_unique_id", "width", "height"} <= one.keys()]


_MENDS: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {"from": _user, "user": _user, "sender_user": _user, "date": _seconds, "edit_date": _seconds, "photo": _sizes}
)
