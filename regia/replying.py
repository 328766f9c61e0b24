"""What replies must know of the configuration."""

from collections.abc import Callable

from connectors.abilities import MEGABYTE
from connectors.email import plus
from desk.files import FileRules
from desk.replies import Channels
from normalizer.inbound import Handle
from regia.compose import Configured
from regia.links import Links
from regia.noticing import own_addresses
from regia.rules.live import Rules
from regia.templating import renderer


def channels(configured: Configured, rules: Callable[[], Rules] | None = None) -> Channels:
    """Which connectors can send, the addresses of all our mailboxes, which files may leave, and the words of templates: of
    `rules`, those that decide, or without it of those that the configuration names."""
    able = {name: send for name, channel in configured.channels.items() if (send := channel.abilities.send) is not None}
    replies, server = configured.settings.replies, configured.settings.server
    files = FileRules(
        most=replies.max_files,
        each=replies.max_file_mb * MEGABYTE,
        together=replies.max_files_mb * MEGABYTE,
        limits=able,
        address=server.public_url is not None,
    )
    ours = own_addresses(configured.connectors)
    links = Links(server.base_url, configured.settings.links_key.get_secret_value().encode())
    render = renderer(rules or (lambda: configured.rules), configured.settings.policy, links)

    def own(handle: Handle) -> bool:
        return handle.kind == "email" and plus.own(handle.value, ours)

    return Channels(can_send=able.__contains__, own=own, files=files, render=render)
