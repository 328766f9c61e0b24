"""What proofs of addresses must know of the configuration."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from desk.proof_words import FALLBACK, WORDS, Words
from desk.proofs import BrandProofs, Proofs, Way
from identity.challenges import Rules
from normalizer.advice import Problem
from normalizer.inbound import Handle, Proof
from normalizer.values import Invalid, is_as_written, read_email, read_phone
from regia.code_settings import Codes, CodesOfBrand
from regia.links import Links
from regia.settings import Settings

_PURPOSE: Final = b"regia challenges"
_NOWHERE: Final = "ZZ"
"""The country of numbers without a prefix: none, for whoever names one here knows no shop's country."""


def proofs(settings: Settings, links: Links) -> Proofs:
    """How addresses are proven. What secrets are kept under comes of the key of links, which is in no database."""
    codes = settings.identity.codes
    key = hmac.new(settings.links_key.get_secret_value().encode(), _PURPOSE, hashlib.sha256).digest()
    return Proofs(
        rules=Rules(key=key, an_hour_of_a_space=codes.an_hour),
        policy=settings.policy,
        brand=lambda name: _brand(name, codes),
        link=links.proof,
        language=settings.languages[0],
    )


def address(kind: str, value: str, proof: Proof) -> Handle:
    """An address that somebody named, as envelopes have it; a number needs its prefix. Raises `Invalid`.

    A mail address that would become another mailbox's (`is_as_written`) is refused: a code would go to its owner.
    """
    if kind == "email":
        email = read_email(value)
        if not is_as_written(value.strip(), email):
            raise Invalid(Problem("pattern"))
        return Handle(kind, email, proof)
    return Handle(kind, read_phone(value, _NOWHERE) if kind == "phone" else value, proof)


def _brand(name: str, codes: Codes) -> BrandProofs:
    """A brand's own settings before those of all."""
    own = codes.brands.get(name, CodesOfBrand())
    ways = {"email": _email(own) or _email(codes), "phone": _phone(own) or _phone(codes)}
    return BrandProofs(
        name=own.name or codes.name or name,
        ways={kind: way for kind, way in ways.items() if way is not None},
        words=_words(own, codes),
    )


def _email(part: CodesOfBrand) -> Way | None:
    return None if part.email is None else Way(connector=part.email)


def _phone(part: CodesOfBrand) -> Way | None:
    return None if part.phone is None else Way(connector=part.phone, account=part.phone_account)


def _words(own: CodesOfBrand, codes: Codes) -> Mapping[str, Words]:
    """By language: what the brand writes, else what all write, else the usual."""
    found: dict[str, Words] = {}
    for language in dict.fromkeys((*own.texts, *codes.texts, *WORDS)):
        usual = WORDS.get(language, WORDS[FALLBACK])
        given = [part.texts[language] for part in (own, codes) if language in part.texts]
        found[language] = Words(
            subject=next((one.subject for one in given if one.subject), usual.subject),
            code=next((one.code for one in given if one.code), usual.code),
            link=next((one.link for one in given if one.link), usual.link),
        )
    return found
