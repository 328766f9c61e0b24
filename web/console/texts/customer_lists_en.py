"""Closed lists that the pages of one customer show, in English: `web.console.texts.customer` says what each is."""

from collections.abc import Mapping
from typing import Final

Words = Mapping[str, str]

REASONS: Final[Words] = {
    "same_claim": "One of them named an address of the other, or both the same",
    "recycled": "A number that was silent for long writes again: who had it before, and who has it now",
    "same_order": "They named the same order number",
    "same_words": "They wrote the same words within a day",
    "similar_name": "They have the same name",
}
GUARDS: Final[Words] = {
    "unmerged": "A person took them apart once",
    "given_up": "One of the addresses was the other's once, and is not any more",
    "crm_conflict": "They have different CRM ids",
    "handle_cap": "Together they would have more addresses of one kind than a person has",
    "merge_cap": "Many were merged with them within the last 24 hours",
    "names_differ": "Their names are clearly not one person's: families share phones",
    "both_merged": "The addresses were proven for customers who stand below others",
}
REFUSALS: Final[Words] = {
    "key_used": "The reply before has left already. This one says something else: send it again if you mean it.",
    "text_too_long": "The text is too long: 100,000 characters at most.",
    "no_text": "Write a text.",
    "not_rendered": "The template lacks a value: fill in the placeholders.",
    "window_closed": "The channel takes free texts only for a time after the customer wrote, and that is over.",
}
FIELDS: Final[Words] = {
    "name": "Name",
    "language": "Language",
    "tier": "Tier",
    "tags": "Tags",
    "competence": "Competence",
    "crm_id": "CRM id",
}
WRONG: Final[Words] = {
    "name": "200 characters at most.",
    "language": "A language of two letters, such as it.",
    "tier": "60 characters at most.",
    "tags": "At most 50 tags of 60 characters.",
    "competence": "120 characters at most.",
    "crm_id": "200 characters at most.",
}
REFUSED: Final[Words] = {
    "crm_conflict": "The customer has another CRM id: empty the field and save first.",
    "shared_handle": "This id is of many.",
    "handle_cap": "The customer would have too many ids.",
}
ACTS: Final[Words] = {
    "linked": "Address linked",
    "ended": "Address ended",
    "merged": "Merged with another customer",
    "unmerged": "Merge undone",
    "accepted": "Suggestion accepted",
    "rejected": "Suggestion rejected",
    "profile": "Profile changed",
    "asked": "Proof asked for",
    "proven": "Address proven",
    "exported": "Exported",
    "erased": "Erased",
}
ENDED: Final[Words] = {
    "recycled": "somebody else's now",
    "changed": "changed",
    "released": "released",
    "accepted": "claim accepted",
}
TICKETS: Final[Words] = {
    "opened": "opened",
    "assigned": "assigned",
    "updated": "updated",
    "paused": "paused",
    "resumed": "resumed",
    "closed": "closed",
    "reopened": "reopened",
}
PROMISES: Final[Words] = {"first_reply": "First reply", "next_reply": "Next reply", "resolution": "Resolution"}
SURVEYS: Final[Words] = {
    "asked": "asked",
    "answered": "answered",
    "partly": "answered in part",
    "expired": "expired",
    "skipped": "given up",
}
STATES: Final[Words] = {
    "queued": "waiting to leave",
    "sending": "leaving",
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
    "unknown": "outcome unknown",
}
CODES: Final[Words] = {
    "failed": "the channel did not take it",
    "retryable": "the channel did not answer",
    "window_closed": "the time for free texts is over",
    "blocked_by_user": "the customer blocked the sender",
    "invalid_recipient": "the address does not exist, or is not theirs any more",
    "rate_limited": "the channel refused so many messages",
    "auth": "the channel does not take our credentials",
    "too_large": "it is too large for the channel",
    "unsupported": "the channel lacks what the reply asks for",
    "unknown": "the channel does not say why",
}
ERASING: Final[Words] = {
    "not_worked_off": "Some contacts are still in work: nothing was erased. Try again in a moment.",
    "queues_away": "The customer is erased, but the queues do not answer and may have copies: try again.",
    "files_away": "The customer is erased, but the store of files does not answer and may have some: try again.",
    "not_scrubbed": "The customer is erased, but the files of the database are not cleaned yet: try again.",
}
