"""Why a reply is not queued, as a closed list; from `discarded` on, only answers by rule. The texts name no customer and
no address."""

from collections.abc import Mapping
from typing import Final, Literal

RefusalReason = Literal[
    "unknown_message",
    "unknown_conversation",
    "split_conversation",
    "gone",
    "key_used",
    "no_text",
    "bad_subject",
    "unknown_template",
    "unknown_language",
    "unknown_field",
    "too_many_files",
    "bad_base64",
    "empty_file",
    "bad_filename",
    "file_too_large",
    "files_too_large",
    "unknown_attachment",
    "files_not_taken",
    "no_public_url",
    "not_allowed",
    "address_gone",
    "window_closed",
    "cannot_send",
    "automated_mail",
    "answers_automatic",
    "own_address",
    "once_an_hour",
    "five_a_day",
    "domain_limit",
    "connector_limit",
    "discarded",
    "backlog",
    "afterthought",
    "repeat",
    "claimed",
    "not_rendered",
]

REFUSALS: Final[Mapping[RefusalReason, str]] = {
    "unknown_message": "no message of that id is stored",
    "unknown_conversation": "there is no conversation of that id",
    "split_conversation": "an unmerge left this conversation with words of two customers: name the message that is answered",
    "gone": "this message was erased, or is not kept any more",
    "key_used": "another reply was asked for by this key: give each its own",
    "no_text": "the text is empty",
    "bad_subject": "the subject holds a line break or another control character: write it on one line",
    "unknown_template": "the rules of this brand have no template of that name",
    "unknown_language": "the template has no text in that language",
    "unknown_field": "the rules declare no such field, or it takes no such value",
    "too_many_files": "it has more files than one reply may have (replies.max_files)",
    "bad_base64": "the content of a file is no base64 (RFC 4648 §4), with its padding and without line ends",
    "empty_file": "a file holds nothing",
    "bad_filename": "a file has no name, or none that is left once it is made safe",
    "file_too_large": "a file is larger than the channel takes, or than replies.max_file_mb",
    "files_too_large": "the files together are larger than replies.max_files_mb",
    "unknown_attachment": "no file of that id is stored of this customer",
    "files_not_taken": "the channel takes no files of that kind: reply.allowed in the envelope says which",
    "no_public_url": "the channel loads files from an address, and server.public_url is not set",
    "not_allowed": "the contact gave no address that an answer could go to",
    "address_gone": "the address it came from is not this customer's any more: it was given to somebody else, or released",
    "window_closed": "the channel takes free texts only for a time after the customer wrote, and that is over",
    "cannot_send": "its connector is not in the configuration, or cannot send",
    "automated_mail": "a program wrote it: an automatic answer could be answered by it for ever",
    "answers_automatic": "it answers an automatic mail of ours: the next could go on for ever",
    "own_address": "it came from, or would go to, one of our own addresses",
    "once_an_hour": "this sender got an automatic answer within the last hour",
    "five_a_day": "this conversation got five automatic answers within the last day",
    "domain_limit": "addresses of this domain got a hundred automatic answers within the last hour",
    "connector_limit": "this connector gave three hundred automatic answers within the last hour",
    "discarded": "the rules discarded the message",
    "backlog": "it was brought in from an archive",
    "afterthought": "an edit, a deletion or a reaction says nothing that could be answered",
    "repeat": "it says again what the customer wrote on another channel within a day",
    "claimed": "nobody vouches for the address: a stranger may have typed it, and the template does not say `to_claimed`",
    "not_rendered": "the template cannot be rendered for this message, or the answer would be too long",
}


class Refused(Exception):
    """The reply was not queued. `file`: the place of the file that is the reason, from 1;
    `allowed`: what the channel would take all the same."""

    def __init__(self, reason: RefusalReason, *, file: int | None = None, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(REFUSALS[reason] if file is None else f"file {file}: {REFUSALS[reason]}")
        self.reason: RefusalReason = reason
        self.file = file
        self.allowed = allowed
