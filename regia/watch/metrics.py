"""The gateway's own figures for Prometheus. They tell how it goes now; the books are counted from rows."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

ACCEPTED: Final = Counter("regia_accepted_total", "Events journalled and acknowledged.", ["connector", "kind"])
REPEATED: Final = Counter("regia_repeated_total", "Events that had been accepted before.", ["connector", "kind"])
REJECTED: Final = Counter("regia_rejected_total", "Requests refused, by reason.", ["connector", "code"])
COMMITTED: Final = Counter("regia_committed_total", "Messages routed and committed.", ["connector", "category"])
RULE_FAILED: Final = Counter(
    "regia_rule_failed_total", "Times an expression of a rule failed, and so did not hold, by reason.", ["rule", "reason"]
)
QUARANTINED: Final = Counter("regia_quarantined_total", "Events kept in quarantine, by reason.", ["connector", "reason"])
LEFT_OUT: Final = Counter(
    "regia_suggestions_left_out_total",
    "Suggestions not made, since their customer had made `identity.suggestions_per_day` already.",
    ["reason"],
)
DEFECTS: Final = Counter(
    "regia_defects_total", "Errors nobody had foreseen, by the part that told of one and went on.", ["part"]
)
PUBLISHED: Final = Counter("regia_published_total", "Publishes by outcome.", ["queue", "outcome"])
EVENTS_PUBLISHED: Final = Counter("regia_events_published_total", "Events told and confirmed, repeats included.", ["type"])
EVENTS_WAITING: Final = Gauge("regia_events_waiting", "Events that are not published yet; on the node that publishes them.")
OUTGOING: Final = Counter(
    "regia_outgoing_total",
    "Tries to send a message, by what it is then: sent, failed, unknown, or queued again.",
    ["connector", "state"],
)
ANSWERS: Final = Counter(
    "regia_answers_by_rule_total",
    "Answers that rules chose, when their message was committed: queued, or why not.",
    ["connector", "outcome"],
)
SURVEYS: Final = Counter(
    "regia_surveys_total",
    "Surveys that were planned, asked, or came to an end: answered, partly, expired, or why nobody was asked.",
    ["survey", "outcome"],
)
ORDERS: Final = Counter(
    "regia_orders_total",
    "What ticket systems asked for by the queues regia.replies and regia.tickets: done, or why not.",
    ["queue", "outcome"],
)
SLA_BREACHED: Final = Counter(
    "regia_sla_breached_total", "Promised times that were over before what was promised.", ["category", "promise"]
)
FAQ_ARTICLES: Final = Gauge("regia_faq_articles", "Articles of a FAQ that are shown.", ["faq"])
FAQ_PROBLEMS: Final = Gauge(
    "regia_faq_problems", "Mistakes in the folder of a FAQ; while there are any, what was shown before stays.", ["faq"]
)
SLA_OVERDUE: Final = Gauge(
    "regia_sla_overdue",
    "Promised times that are over, and nobody has done it yet; on the node that tells of them.",
    ["category", "promise"],
)
BRIDGED: Final = Counter(
    "regia_bridged_total",
    "Contacts that a bridge or webhook has given on (done), or that can never be (refused, no_envelope).",
    ["bridge", "outcome"],
)
CHATS: Final = Gauge("regia_chat_windows", "Open connections of visitors to a chat, long polls among them.", ["connector"])
BRIDGES: Final = Gauge("regia_bridge_up", "Whether a bridge or webhook of this process works.", ["bridge"])
NOTICES: Final = Counter(
    "regia_notices_total",
    "Notices to lists: made (single, digest, flood), and what became of them (sent, failed; refused: a try of a webhook).",
    ["list", "outcome"],
)
CUSTOMER_NOTICES: Final = Counter(
    "regia_customer_notices_total",
    "What customers were to be told of their tickets: queued, or why not.",
    ["on", "outcome"],
)
PROOFS: Final = Counter(
    "regia_proofs_total",
    "Proofs of addresses: asked, linked, known, merged, suggested, or why not.",
    ["method", "outcome"],
)
MEDIA: Final = Counter("regia_media_total", "Attachments fetched from providers, by outcome.", ["connector", "outcome"])
REMOVED: Final = Counter("regia_removed_total", "Rows removed because they were older than `retention` keeps them.", ["kind"])
COMMIT_FAILURES: Final = Counter("regia_commit_failures_total", "Batches that could not be committed, by cause.", ["cause"])
WAITING: Final = Gauge("regia_waiting", "Rows waiting in memory, by stage.", ["stage"])
QUEUE_READY: Final = Gauge("regia_queue_ready", "Messages that lie in a queue; on the node that watches.", ["queue"])
QUEUE_WAITING: Final = Gauge(
    "regia_queue_waiting_seconds", "How long the oldest message has waited for its queue; on the node that watches.", ["queue"]
)
BLOCKED: Final = Gauge("regia_broker_blocked", "1 while RabbitMQ takes no publishes, for want of memory or disk.")
JOURNAL_USED: Final = Gauge("regia_journal_used_bytes", "What the journal holds.")
JOURNAL_LIMIT: Final = Gauge("regia_journal_limit_bytes", "What it may hold; then contacts are answered with 503.")
DISK_FREE: Final = Gauge("regia_journal_disk_free_bytes", "What is free on the journal's disk.")
DISK_RESERVE: Final = Gauge("regia_journal_disk_reserve_bytes", "What of it new contacts never take; below it they get 503.")
BATCH: Final = Histogram("regia_batch_size", "Messages a commit.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256))
TO_QUEUE: Final = Histogram(
    "regia_to_queue_seconds",
    "From acceptance to the broker's confirm.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
READING: Final = Histogram(
    "regia_reading_seconds",
    "Reading one contact in a process of its own.",
    ["connector"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
READER_KILLED: Final = Counter(
    "regia_reader_killed_total", "Readings that were ended, by cause: time, memory, died.", ["connector", "cause"]
)
RULES: Final = Gauge(
    "regia_rules", "1 for the version of the rules that decides for a brand (`*`: all others).", ["brand", "hash"]
)
RULES_WRONG: Final = Gauge(
    "regia_rules_wrong", "1 while rule files, or a chosen version, cannot be used and the version before decides."
)
SHADOWED: Final = Counter(
    "regia_shadow_total",
    "Messages that a shadow's rules were asked about, by what they said: same, different, failed.",
    ["said"],
)
WORKER_UP: Final = Gauge(
    "regia_worker_up",
    "1 when the worker answered within a second; where there are several.",
    ["worker"],
    registry=None,  # said by whoever gathers what all workers say, and by nobody alone
)
READY: Final = Gauge("regia_ready", "1 when the part is ready.", ["part"])
AS_CONFIGURED: Final = Gauge(
    "regia_queues_as_configured",
    "0 while a queue or exchange is missing or has other arguments: the readiness page says which.",
)
CHANNEL_SILENT: Final = Gauge(
    "regia_channel_silent", "1 while a channel is silent against its habit; on the node that watches.", ["connector"]
)
TOKEN_OK: Final = Gauge(
    "regia_token_ok", "0 while a provider refuses the token; on the node that watches.", ["connector", "name"]
)
TOKEN_EXPIRES: Final = Gauge(
    "regia_token_expires_timestamp_seconds", "When the token ends, where it does.", ["connector", "name"]
)
SOURCE_UP: Final = Gauge("regia_source_up", "1 when this node polls the source and it answers.", ["connector", "source"])
SOURCE_FAILURES: Final = Counter(
    "regia_source_failures_total", "Attempts to poll a source that failed, by reason.", ["connector", "source", "reason"]
)
SOURCE_SUCCESS: Final = Gauge(
    "regia_source_last_success_timestamp_seconds", "When the source last answered as it should.", ["connector", "source"]
)
SOURCE_MESSAGES: Final = Counter(
    "regia_source_messages_total", "Contacts taken from the source, repeats included.", ["connector", "source"]
)
SOURCE_UNSETTLED: Final = Counter(
    "regia_source_unsettled_total",
    "Contacts taken that the source refuses to mark or move.",
    ["connector", "source"],
)
