"""The commit: one database transaction in which a batch is identified, decided, stored and put in the outbox.

Before it the journal repeats; after it a repeat changes nothing, and the same bytes go to the same targets.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from connectors.base import ChannelEvent
from desk.notices.lists import Directory
from desk.replies import Channels
from desk.surveys.survey import Surveys
from identity import links
from identity.people import Identified
from identity.policy import Policy
from identity.resolve import IdentitySession
from regia.links import Links
from regia.pipeline import noticing
from regia.pipeline.acknowledging import Decided, Outcomes, act
from regia.pipeline.assemble import assemble
from regia.pipeline.entering import enter
from regia.pipeline.facts import facts
from regia.pipeline.files import PutSince, settle
from regia.pipeline.happened import quarantined
from regia.pipeline.prepared import Held, Prepared, Ready, Told
from regia.pipeline.promised import Promised
from regia.pipeline.rows import attachment_rows, quarantine_row
from regia.pipeline.signals import record
from regia.pipeline.surveying import Surveying, aside
from regia.rules.hits import Matched
from regia.rules.hours import Hours
from regia.rules.live import Rules
from regia.rules.shadow import Asked, ask
from router.model import Decision
from storage import events, outbox
from storage.bulk import insert_rows
from storage.outbox import PENDING, OutboxRow
from storage.schema import attachments, messages, quarantine

_NOTHING_SEEN: Final[PutSince] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitSettings:
    """What a commit needs besides the batch."""

    journal: str
    node: str
    rules: Rules
    links: Links
    policy: Policy
    channels: Channels
    notices: Directory = noticing.NOBODY
    hours: Hours = field(default_factory=Hours)
    surveys: Surveys | None = None


@dataclass(slots=True)
class Committed:
    """What the transaction did: rows for the relay in their order, and what the metrics count."""

    outbox: list[OutboxRow] = field(default_factory=list)
    routed: list[tuple[str, str]] = field(default_factory=list)
    """(connector, category)."""
    held: list[tuple[str, str]] = field(default_factory=list)
    """(connector, reason)."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Suggestions that were too many of one customer in a day, by reason."""
    shadowed: list[Asked] = field(default_factory=list)
    matched: list[Matched] = field(default_factory=list)
    answers: Outcomes = field(default_factory=Counter)
    surveyed: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Surveys that came to an end, by name and state."""
    failed: list[tuple[str, str, str]] = field(default_factory=list)
    """(ruleset, rule, reason) of expressions that failed."""
    before: bool = False
    """Some of the batch was committed before: its outbox rows may be unknown to this process's relay."""


def commit(
    connection: Connection, batch: Sequence[Prepared], settings: CommitSettings, put_since: PutSince = _NOTHING_SEEN
) -> Committed:
    """Do the whole batch inside the caller's transaction. Raises `BlobsEnded` where files it names are not stored any more;
    `put_since` is for those that were stored again."""
    entered = enter(connection, batch, settings.journal)
    settle(connection, batch, entered.new, put_since)
    held = [one for one in entered.new if isinstance(one, Held)]
    told = [one for one in entered.new if isinstance(one, Told)]
    result = Committed(held=[(one.connector, one.reason) for one in held], before=entered.committed)
    _in_order(connection, entered.new, settings, result)
    insert_rows(connection, quarantine, [quarantine_row(one) for one in held])
    events.add(connection, [quarantined(one, settings.journal) for one in held])
    record(connection, told)
    return result


def _in_order(connection: Connection, new: Sequence[Prepared], settings: CommitSettings, result: Committed) -> None:
    """Messages together, but none with what came after news of its sender's address."""
    ready: list[Ready] = []
    for one in new:
        if isinstance(one, Ready):
            ready.append(one)
        elif isinstance(one, Told) and _moves(one):
            _route(connection, ready, settings, result)
            ready = []
            _move(connection, one, settings.policy)
    _route(connection, ready, settings, result)


def _moves(one: Told) -> bool:
    return isinstance(one.signal, ChannelEvent) and one.signal.moved is not None


def _move(connection: Connection, one: Told, policy: Policy) -> None:
    """Let a customer have the address that the platform says is theirs now."""
    event = one.signal
    if isinstance(event, ChannelEvent) and event.moved is not None and event.brand is not None:
        evidence = f"{one.connector}/{one.row.id}"
        at_ms = one.received_ms
        links.changed(connection, event.brand, event.moved.old, event.moved.new, evidence=evidence, now_ms=at_ms, policy=policy)


def _route(connection: Connection, ready: Sequence[Ready], settings: CommitSettings, result: Committed) -> None:
    if not ready:
        return
    session = IdentitySession(connection, [one.message for one in ready], settings.policy)
    promised = Promised(connection, session.conversations, settings.rules, settings.hours)
    message_rows: list[dict[str, Any]] = []
    target_rows: list[dict[str, Any]] = []
    decided: list[Decided] = []
    surveying = Surveying(connection, settings.surveys)
    surveying.look([one.message for one in ready], session)
    for one in ready:
        answer = surveying.answer(one.message)
        identified = session.identify(one.message, aside(answer))
        message = one.message
        if message.language is None:  # a text too short to tell: what the customer last wrote in
            message = msgspec.structs.replace(message, language=identified.customer.language)
        ruleset = settings.rules.of(message.inbound.brand)
        decision = ruleset.route(facts(message, identified, ruleset.fields))
        if (asked := ask(settings.rules, message, identified, decision)) is not None:
            result.shadowed.append(asked)
        result.matched.append(
            Matched.of(settings.rules.slot(message.inbound.brand), int(message.received_at.timestamp() * 1000), decision)
        )
        decision = surveying.decide(answer, message, identified, decision)
        session.record(identified, message, decision.category)
        due = promised.see(message, identified, decision, ruleset)
        envelope = assemble(message, identified, decision, settings.links, ruleset.hash, due=due)
        row = _message_row(one, decision, envelope, ruleset.hash)
        message_rows.append(row | _identity_columns(identified))
        target_rows += [_target_row(one, target, settings.node) for target in decision.targets]
        result.failed += [(ruleset.hash, *one_failed) for one_failed in decision.failed]
        result.routed.append((one.message.connector, decision.category))
        decided.append(Decided(message, identified, decision, ruleset))
    session.save()
    promised.save()
    result.left_out += session.left_out
    insert_rows(connection, messages, message_rows)
    insert_rows(connection, attachments, [file for one in ready for file in attachment_rows(one.message)])
    result.answers += act(connection, decided, settings.channels, settings.policy, settings.links)
    noticing.enter(connection, decided, settings.notices)
    surveying.keep()
    result.surveyed += surveying.outcomes
    positions = outbox.add(connection, target_rows)
    result.outbox += _outbox_rows(message_rows, target_rows, positions)


def _outbox_rows(
    message_rows: Sequence[dict[str, Any]], target_rows: Sequence[dict[str, Any]], positions: dict[tuple[str, str], int]
) -> list[OutboxRow]:
    by_id = {row["id"]: row for row in message_rows}
    rows = []
    for target in target_rows:
        message = by_id[target["message_id"]]
        rows.append(
            OutboxRow(
                seq=positions[(target["message_id"], target["target"])],
                message_id=target["message_id"],
                target=target["target"],
                order_key=target["order_key"],
                attempts=0,
                brand=message["brand"],
                channel=message["channel"],
                conversation_id=message["conversation_id"],
                received_ms=message["received_ms"],
                body=message["envelope"],
            )
        )
    return sorted(rows, key=lambda row: row.seq)


def _message_row(one: Ready, decision: Decision, envelope: bytes, ruleset: str) -> dict[str, Any]:
    message = one.message
    inbound = message.inbound
    return {
        "id": str(message.id),
        "connector": message.connector,
        "brand": inbound.brand,
        "channel": inbound.channel,
        "kind": inbound.kind,
        "external_id": inbound.external_id,
        "refers_to": inbound.refers_to,
        "account": inbound.account,
        "handle_kind": inbound.sender.handle.kind,
        "handle_value": inbound.sender.handle.value,
        "category": decision.category,
        "discarded_by": decision.decided_by.get("discard") if decision.discard is not None else None,
        "ruleset": ruleset,
        "received_ms": int(message.received_at.timestamp() * 1000),
        "envelope": envelope,
        "explanation": decision.explanation,
        "raw": None if one.raw_blob else inbound.raw,
        "raw_sha256": one.raw_sha256,
        "raw_content_type": inbound.raw_content_type,
    }


def _identity_columns(identified: Identified) -> dict[str, Any]:
    return {
        "handle_id": identified.handle_id,
        "customer_id": identified.customer.id,
        "conversation_id": identified.conversation.id,
        "sequence": identified.sequence,
        "at_ms": identified.at_ms,
        "awaits_answer": identified.awaits_answer,
        "repeat_of": identified.repeat_of,
    }


def _target_row(one: Ready, target: str, node: str) -> dict[str, Any]:
    return {
        "message_id": str(one.message.id),
        "target": target,
        "order_key": one.row.order_key,
        "state": PENDING,
        "node": node,
    }
