"""Webhooks: which queues go to which web address."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

from config.document import Document
from config.problems import Problem
from config.secrets import Secret
from desk.webhooks import key_of
from dispatcher.base import Topology
from regia.bridges.common import Bridge
from regia.queue_settings import QueueName, did_you_mean
from regia.store_settings import Section

_AT: Final = ("webhooks",)


def _is_key(secret: Secret) -> Secret:
    key_of(secret.get_secret_value())
    return secret


class Webhook(Section):
    """Envelopes of queues are posted there, signed, one after the other."""

    queues: tuple[QueueName, ...] = Field(min_length=1, description="<brand>.<target>: everything in them goes there.")
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^/?#@\s]+(/[^#\s]*)?$")] = Field(
        description="Where to, without user and password: the signature says who we are."
    )
    secrets: tuple[Annotated[Secret, AfterValidator(_is_key)], ...] = Field(
        min_length=1, max_length=2, description="Keys of the signatures, `whsec_…`; two while one is being changed."
    )
    disable_after_hours: float = Field(
        default=24.0, gt=0, le=24 * 30, description="Hours of failures after which nothing is sent until somebody enables it."
    )

    @property
    def keys(self) -> tuple[bytes, ...]:
        return tuple(key_of(secret.get_secret_value()) for secret in self.secrets)


def unusable(
    webhooks: Mapping[str, Webhook], bridges: Mapping[str, Bridge], document: Document, topology: Topology
) -> list[Problem]:
    """Queues that no rule has, and those that something else takes from: each would get a part."""
    problems: list[Problem] = []
    owners = {queue: f"bridge {name}" for name, bridge in bridges.items() for queue in bridge.queues}
    for name, hook in webhooks.items():
        if name in bridges:
            problems.append(
                document.problem((*_AT, name), "a bridge has this name: figures could not tell the two apart", key=True)
            )
        for place, queue in enumerate(hook.queues):
            at = (*_AT, name, "queues", place)
            if queue not in topology.queues:
                hint = did_you_mean(queue, topology.queues) or f"queues: {', '.join(topology.queues)}"
                problems.append(document.problem(at, "no rule has this queue", hint))
            elif queue in owners:
                problems.append(document.problem(at, f"{owners[queue]} takes from this queue too: each would get a part"))
            owners.setdefault(queue, f"webhook {name}")
    return problems
