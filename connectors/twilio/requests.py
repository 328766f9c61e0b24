"""Twilio's requests, of messages and of calls: their signature, what they hold, and how they are answered.

Source: Twilio Docs, "Security: Validating requests are coming from Twilio", "Webhooks: connection overrides".
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from urllib.parse import parse_qs, urlsplit

from config.secrets import Secret
from connectors.base import Answer, Fetched, Http, Parsed, Request
from connectors.errors import Rejected
from connectors.kit.basic_auth import basic
from connectors.kit.elements import Found, parsed, unreadable
from connectors.kit.outbound import host_of
from connectors.kit.signatures import Algorithm, as_bytes, digest, is_one_of, required, wrong
from connectors.kit.urlencoded import FORM, pairs, read_form
from connectors.reading import Part
from connectors.twilio.settings import TwilioAccount

SIGNATURE: Final = "X-Twilio-Signature"
SIGNATURE_SETTINGS: Final = "X-Twilio-Webhooks-Signature-Settings"
BODY_HASH: Final = "bodySHA256"
NOTHING: Final = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
_ALGORITHM: Final = "HMAC_SHA256"
_DEFAULT_PORTS: Final = {"https": ":443", "http": ":80"}
_PORT: Final = re.compile(r":[0-9]+$")
GET: Final = "GET"
BOTH: Final = frozenset({GET, "POST"})
POSTED: Final = frozenset({"POST"})


def verify(request: Request, settings: TwilioAccount) -> None:
    """The header signs our public address and every field of the form. Raises `Rejected`."""
    given = required(request, SIGNATURE)
    algorithm, secrets = _keys(request, settings)
    rest = _signed_fields(request)
    signed = [as_bytes(address) + rest for address in _spellings(request.url)]
    made = [digest(secret, content, "base64", algorithm) for secret in secrets for content in signed]
    if not is_one_of(given, [Secret(one.decode()) for one in made]):
        raise wrong(SIGNATURE)


def _keys(request: Request, settings: TwilioAccount) -> tuple[Algorithm, tuple[Secret, ...]]:
    """What signs: the auth token, or the shared key that the request names."""
    named = request.headers.get(SIGNATURE_SETTINGS.lower())
    if named is None:
        return "sha1", settings.tokens
    said = {name.strip(): value.strip() for name, _, value in (part.partition("=") for part in named.split(","))}
    key = settings.shared_keys.get(said.get("key", ""))
    if said.get("algorithm") != _ALGORITHM or key is None:
        raise Rejected("signature_wrong", f"{SIGNATURE_SETTINGS} names an algorithm or a key that is not known here")
    return "sha256", (key,)


def _signed_fields(request: Request) -> bytes:
    """Name and value of each field in the order of their bytes, those given twice once. Of another body the address holds
    a hash, and is signed alone."""
    if request.method == GET:
        return b""
    if request.content_type == FORM:
        try:
            return b"".join(name + value for name, value in sorted(set(pairs(request.body))))
        except ValueError as error:
            raise Rejected("malformed", "the form has too many fields") from error
    stated = parse_qs(urlsplit(request.url).query).get(BODY_HASH, [""])[0].lower()
    if (request.body or stated) and not is_one_of(stated, [Secret(hashlib.sha256(request.body).hexdigest())]):
        raise Rejected("signature_wrong", f"{BODY_HASH} is missing, or is not the hash of the body")
    return b""


def _spellings(address: str) -> Iterator[str]:
    """With and without the default port: which of them was signed depends on what took the request before us."""
    yield address
    parts = urlsplit(address)
    port = _DEFAULT_PORTS.get(parts.scheme)
    if port is None:
        return
    if parts.netloc.endswith(port):
        yield address.replace(parts.netloc, parts.netloc.removesuffix(port), 1)
    elif not _PORT.search(parts.netloc):
        yield address.replace(parts.netloc, parts.netloc + port, 1)


def form_of(request: Request) -> bytes:
    """The fields as Twilio encoded them; with GET they are the query."""
    return urlsplit(request.url).query.encode() if request.method == GET else request.body


def read(request: Request, reader: Callable[[Part, bytes, str], Found | Iterable[Found]]) -> Parsed:
    """What a verified request says; `reader` gets its fields, and their bytes with their type."""
    body = form_of(request)
    kind = FORM if request.method == GET else request.headers.get("content-type", "")
    if request.method != GET and request.content_type != FORM:
        detail = "Twilio's messages and calls come as forms; this is something else"
        return parsed([unreadable(body, detail, reason="undecodable", content_type=kind or "application/octet-stream")])
    return read_form(body, kind, lambda form: reader(form, body, kind))


def twiml(document: str = NOTHING) -> Answer:
    """An answer in TwiML. Any other text would be sent to the customer, or read out."""
    return Answer(body=document.encode(), content_type="text/xml")


async def fetch(reference: str, settings: TwilioAccount, http: Http) -> Fetched:
    """A file by the address Twilio gave: its API sends us on to where files are kept. Raises `MediaUnavailable`."""
    api = host_of(settings.api_url)
    # Only the API itself may learn the token.
    headers = basic(settings.account_sid, settings.tokens[0]) if host_of(reference) == api else None
    return await http.download(reference, headers=headers, hosts=(api, *settings.media_hosts))
