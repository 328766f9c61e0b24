"""A message at every stage of its way, made by the gateway's own functions from the demo's configuration."""

from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from bench import webhooks
from bench.serve import DEMO
from connectors.base import Request
from normalizer.message import Message, normalise
from regia.compose import configure
from regia.links import Links
from regia.pipeline.accepted import AcceptedMessage, decode, entries
from regia.pipeline.commit import CommitSettings
from regia.pipeline.prepared import Ready
from regia.replying import channels
from storage.journal_file import Entry, Row


class Way:
    """Every call gives a new message of a new sender."""

    def __init__(self, folder: Path) -> None:
        environment = {
            "REGIA__DATA__PATH": str(folder / "parts"),
            "REGIA__CONNECTORS__WHATSAPP__APP_SECRET": webhooks.SECRET,
        }
        self.configured = configure(DEMO, environment)
        self.connector = self.configured.connectors[webhooks.CONNECTOR]
        self._languages = self.configured.settings.languages
        self._bodies = (body for number in count() for body in webhooks.bodies(1_000, "distinct", f"parts-{number}"))
        self._seq = count(1)

    def request(self) -> Request:
        body = next(self._bodies)
        headers = {"content-type": "application/json", "x-hub-signature-256": webhooks.signature(body)}
        now = datetime.now(UTC)
        return Request(method="POST", url="/webhooks/whatsapp", headers=headers, query={}, body=body, received_at=now)

    def take(self, request: Request) -> None:
        """What the connector does with a request."""
        self.connector.verify(request)
        self.connector.parse(request)

    def entry(self) -> Entry:
        """As the journal gets it."""
        request = self.request()
        return entries(self.connector.name, self.connector.parse(request), request.received_at)[0]

    def row(self) -> Row:
        """As the journal gives it to the pipeline."""
        entry = self.entry()
        return Row(next(self._seq), entry.id, entry.kind, entry.order_key, entry.payload)

    def normalise(self, row: Row) -> Message:
        """Decoded and cleaned."""
        accepted = decode(row.payload)
        assert isinstance(accepted, AcceptedMessage)  # noqa: S101  # `row` makes no others
        assert row.id is not None  # noqa: S101  # only repeats have none
        return normalise(
            row.id, accepted.connector, accepted.received_at, accepted.message, attachments=(), languages=self._languages
        )

    def text(self) -> str:
        return self.normalise(self.row()).inbound.text or ""

    def ready(self, size: int) -> list[Ready]:
        """A batch as the commit takes it."""
        rows = [self.row() for _ in range(size)]
        return [Ready(row, self.normalise(row), "0" * 64, raw_blob=False) for row in rows]

    def commit_settings(self) -> CommitSettings:
        links = Links("http://127.0.0.1:8080", b"a key for measuring")
        return CommitSettings(
            journal="jrn_bench",
            node="bench",
            rules=self.configured.rules,
            links=links,
            policy=self.configured.settings.policy,
            channels=channels(self.configured),
        )
