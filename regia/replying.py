"""What replies must know of the configuration."""

from connectors.email import plus
from desk.replies import Channels
from normalizer.inbound import Handle
from regia.compose import Configured
from regia.noticing import own_addresses


def channels(configured: Configured) -> Channels:
    """Which connectors can send, and the addresses of all our mailboxes."""
    able = {name for name, channel in configured.channels.items() if channel.abilities.send is not None}
    ours = own_addresses(configured.connectors)

    def own(handle: Handle) -> bool:
        return handle.kind == "email" and plus.own(handle.value, ours)

    return Channels(can_send=able.__contains__, own=own)
