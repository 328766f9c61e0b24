"""Words for the reference tables, for settings whose models say nothing. `scripts.write_reference` uses them."""

from collections.abc import Mapping
from typing import Final

_FIELD: Final = {
    "type": "what kind of value it is",
    "label": "what the page calls it; one text, or one a language",
    "hint": "a line below the field",
    "required": "it must be filled; a boolean must be ticked",
    "multiline": "several lines (type `text`)",
    "pattern": "RE2, must match the whole value (type `text`)",
    "choices": "the values, or values with their labels (type `choice`)",
    "minimum": "smallest number (type `number`)",
    "maximum": "largest number (type `number`)",
}
_UPLOAD: Final = {
    "max_files": "most files in one contact",
    "max_bytes": "largest file",
    "content_types": "accepted types; `image/*` means all of a family",
}
_BRAND: Final = {"brand": "the brand its contacts belong to"}
_LOGIN: Final = {
    "host": "the server's name",
    "tls": "TLS from the first byte, after `STARTTLS`, or none at all, which only the same machine may be spoken to with",
    "ca_file": "certificates to trust instead of the system's",
    "user": "the name to log in with",
    "password": "its password; or `oauth`",
    "oauth": "log in by OAuth 2 (XOAUTH2) instead of a password",
    "oauth.provider": "whose token server is asked; `other` needs a `token_url`",
    "oauth.client_id": "of the application registered with the provider",
    "oauth.client_secret": "of that application",
    "oauth.refresh_token": "a person's consent; without it Microsoft's application access is used",
}
_SMTP: Final = {
    "smtp": "the server that takes answers; without it nothing can be sent",
    **{f"smtp.{key}": text for key, text in _LOGIN.items()},
    "smtp.password": "its password, where the server asks for a login; or `oauth`",
}
_MAILBOX: Final = {**_BRAND, "channel": "what envelopes call the channel", **_SMTP}

CHANNEL_MEANINGS: Final[Mapping[str, str]] = {
    **_BRAND,
    "channel": "what envelopes call the channel",
    "accounts.NAME.brand": "the brand of its contacts",
    "send_rate.count": "messages",
    "send_rate.seconds": "in so many seconds",
    "api_url": "where the provider's API is",
    "graph_url": "where Meta's Graph API is",
    "api_version": "version of the Graph API",
}
"""For keys that many channels have."""

MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "settings": {
        "server.host": "address to listen on",
        "faq.NAME.colours.primary": "colour of buttons and links",
        "faq.NAME.rate.count": "requests",
        "faq.NAME.rate.seconds": "in so many seconds",
        "server.port": "port to listen on; 0 takes any free one",
        "data.path": "folder of journal, embedded database, files and secrets; relative to where the gateway is started",
        "database.url": "`postgresql://user:${PASSWORD}@host:5432/name`; `local` is a SQLite file in the data folder",
        "queues.url": (
            "`amqp://user:${PASSWORD}@host:5672/vhost`, `amqps://` with TLS, `@one:5672,two:5672` for the nodes of a cluster; "
            "`local` are tables of the database"
        ),
        "coordination.url": "`redis://:${PASSWORD}@host:6379/0`; `local` is the memory of the one process",
        "blobs.url": "`s3://bucket/prefix`, credentials in the `AWS_…` variables; `local` is a folder in the data folder",
        "watch.silence.contacts": "how many usual contacts must be missing for a channel to be silent: of one that has few, "
        "and where they come one by one. Of a busy one, or one where they come in bursts, so many more that it is no chance",
        "languages": "the languages your customers write in; a text is said to be in one of them, or in none",
        "tokens": "who may use the HTTP interface under `/v1`",
        "tokens[].name": "for you",
        "tokens[].token": "what the consumer sends as `Authorization: Bearer …`",
        "tokens[].scopes": "what it may do: `messages` (read messages and files), `queues` (take from embedded queues), "
        "`events` (follow events), `customers` (have addresses proven, and say whose they are), "
        "`customers.read` (look at customers), `tickets` (tell what happened to tickets), "
        "`replies` (answer customers), `operate` (dead letters and the log "
        "of what was done by hand)",
        "connectors": "name to settings; the name is part of the connector's address. Their keys: on the page of their `type`",
    },
    "whatsapp": {
        "accounts.NAME.brand": "the brand of contacts to this number",
        "accounts.NAME.channel": "what envelopes call the channel",
    },
    "line": {"data_url": "where LINE keeps files"},
    "x": {
        "oauth1.consumer_key": "of the app",
        "oauth1.access_token": "of the account, for that app",
        "oauth1.access_token_secret": "of that token",
    },
    "twilio": {"account_sid": "`AC…`, on the console's first page"},
    "twilio_voice": {"account_sid": "`AC…`, on the console's first page", "recordings": "the form recordings are fetched in"},
    "pbx": {"recording_password": "its password"},
    "web_form": {
        **_BRAND,
        "channel": "what envelopes call the channel",
        "title": "heading of the page",
        "intro": "a paragraph above the form",
        "thanks": "a paragraph on the page after sending",
        "languages": "languages of the page, the first one where the browser asks for none of them",
        "fields": "the fields in their order; declaring any replaces the usual four",
        **{f"fields.NAME.{key}": text for key, text in _FIELD.items()},
        "message_field": "the field with the customer's words",
        "name_field": "the field with the customer's name",
        "email_field": "the field with the e-mail address",
        "phone_field": "the field with the phone number",
        "subject_field": "the field with the subject",
        "honeypot": "a field people do not see; whoever fills it is `automated: honeypot`",
        "rate.count": "posts one address may send",
        "rate.seconds": "in so many seconds",
        "upload": "files; `null` takes none",
        **{f"upload.{key}": text for key, text in _UPLOAD.items()},
        "colours.primary": "colour of buttons and links",
        "logo": "address of a picture: `https://…` or `/…`",
    },
    "chat": {
        **_BRAND,
        "channel": "what envelopes call the channel",
        "title": "heading of the widget; one text, or one a language",
        "languages": "languages of the widget, the first one where the browser asks for none of them",
        "rate.visitor.count": "messages one visitor may send",
        "rate.visitor.seconds": "in so many seconds",
        "rate.address.count": "messages and new visitors of one address",
        "rate.asks.count": "requests of one address that are no messages",
        "rate.asks.seconds": "in so many seconds",
        "rate.address.seconds": "in so many seconds",
        "user_tokens": "signed tokens of the site's users; without it, none is believed",
        "fields": "fields a message may carry; others are refused",
        **{f"fields.NAME.{key}": text for key, text in _FIELD.items()},
        "upload": "files; `null` takes none",
        **{f"upload.{key}": text for key, text in _UPLOAD.items()},
        "colours.primary": "colour of buttons and links",
        "logo": "address of a picture: `https://…` or `/…`",
    },
    "api": {
        **_BRAND,
        "users": "signed tokens of an app's users; without it, none is believed",
        "users.rate.count": "contacts one user may send with the token alone",
        "users.rate.seconds": "in so many seconds",
        "channels": "channels a body may name",
        "fields": "fields a body may carry; others are refused",
        "forms": "the forms a body may name; without any, every name is taken",
        **{f"fields.NAME.{key}": text for key, text in _FIELD.items()},
        "trusted_proofs": "`agent`: the caller's staff knows the people it names, so `proof: agent` is believed",
        "upload": "files; `null` takes none",
        **{f"upload.{key}": text for key, text in _UPLOAD.items()},
    },
    "email": {
        **_MAILBOX,
        "imap": "the mailbox to read; without it mails come from imported archives only",
        **{f"imap.{key}": text for key, text in _LOGIN.items()},
        "imap.folders": "folders to read",
        "imap.move_to": "folder for mails that were taken, with `afterwards: move`; made if it is not there",
    },
    "mailgun": _MAILBOX,
    "postmark": _MAILBOX,
    "ses": {
        **_MAILBOX,
        "bucket.region": "where the bucket is",
        "bucket.access_key_id": "of a user who may read it",
        "bucket.secret_access_key": "of that user",
    },
}
DEFAULTS: Final[Mapping[str, str]] = {
    "settings node": "the host's name",
    "settings connectors": "none",
    **{f"settings {part}.url": "`local`" for part in ("database", "queues", "coordination", "blobs")},
    **{
        f"settings queues.targets.NAME.{key}": "as in `queues.defaults`"
        for key in ("type", "delivery_limit", "single_active_consumer", "dead_letter_exchange")
    },
    "http closed": "those of the description",
    "http reopened": "that of the description",
    "http values": "none",
    "http secrets": "none",
    "chat title": "`Chat with us`, in Italian and English",
    "chat fields": "none",
    "chat fields.NAME.max_length": "500; 10,000 when `multiline`",
    "web_form title": "`Write to us`, in Italian and English",
    "web_form fields": "name, email, phone, message",
    "api fields": "none",
    "web_form fields.NAME.max_length": "500; 10,000 when `multiline`",
    "api fields.NAME.max_length": "500; 10,000 when `multiline`",
}
"""For what a schema cannot tell: a default that is made at start, or hidden because it is a secret's type."""
