"""Ids of customers and conversations: a prefix and a ULID, so that they sort by the time they were made."""

import base64
import os
import time
from typing import Final

_TO_CROCKFORD: Final = bytes.maketrans(b"0123456789ABCDEFGHIJKLMNOPQRSTUV", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def new_id(prefix: str) -> str:
    """`<prefix>_` and 26 characters of Crockford's base 32: 48 bits of milliseconds, 80 bits of chance."""
    number = (time.time_ns() // 1_000_000).to_bytes(6, "big") + os.urandom(10)
    return f"{prefix}_{base64.b32hexencode(number).translate(_TO_CROCKFORD)[:26].decode()}"
