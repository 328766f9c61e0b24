"""Who wrote, read twice: only where two readers of From agree on one address can anything be proved about it."""

import re
from email.utils import getaddresses
from typing import Final

from normalizer.mail.addresses import addresses, as_written
from normalizer.mail.model import Address, Defect
from normalizer.values import is_as_written

_LONGEST: Final = 2000
"""Characters of a From header that may be proved: longer ones are no names."""
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_PLAIN: Final = re.compile(r"""[^\s"'(),:;<>@\[\\\]]{1,64}@[^\s"'(),:;<>@\[\\\]]{1,253}""")

_SEPARATORS: Final = frozenset(":;,")


def senders(values: tuple[str, ...]) -> tuple[tuple[Address, ...], frozenset[Defect]]:
    """The addresses of all From headers in their order, and what is doubtful about them. Never raises."""
    found = addresses(values)
    if len(found) > 1 or len(values) > 1:
        return found, frozenset(("several_from",))
    if not found:
        return found, frozenset(("from_broken",) if values and values[0] else ("from_missing",))
    return found, frozenset(() if _agreed(values[0], found[0]) else ("addresses_disagree",))


def _agreed(value: str, sender: Address) -> bool:
    """Whether the grammar of RFC 5322 and the standard library's older reader both find this one address, as it is written.

    A server that checks mail and a reader that trusts it may understand one header in two ways, and somebody lives on the
    difference. `email.utils` goes back to the parser of RFC 822 and shares no code with `email.headerregistry`, which
    `addresses` uses, and the two stumble over different things. Both are asked for the letters that stand there: what
    makes one address of several spellings (`email_of`) would make the stranger's into the customer's.
    """
    if len(value) > _LONGEST or not value.replace("\t", " ").isprintable() or _is_list(value):
        return False
    specs = as_written(value)
    if len(specs) != 1 or not _PLAIN.fullmatch(specs[0]) or specs[0] not in value or not is_as_written(specs[0], sender.email):
        return False
    try:
        pairs = getaddresses([value])
    except Exception:  # noqa: BLE001  # as `addresses`: whatever a broken header raises, it is no agreement
        return False
    return [spec for _, spec in pairs] == specs


def _is_list(value: str) -> bool:
    """`Friends: a@b.example;` (RFC 6854), a route, or a comma: what a reader makes of these is up to the reader."""
    return not _SEPARATORS.isdisjoint(_QUOTED.sub("", value))
