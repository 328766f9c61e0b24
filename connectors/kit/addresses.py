"""What a proof of an address is worth when the address was not written as we have it."""

import msgspec

from normalizer.inbound import Handle
from normalizer.values import is_as_written


def as_proved(handle: Handle, written: str) -> Handle:
    """The handle; a claim where it is a mail address and not the very one that is `written`, which alone was checked."""
    if handle.kind != "email" or is_as_written(written, handle.value):
        return handle
    return msgspec.structs.replace(handle, proof="claimed")
