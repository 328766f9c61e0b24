"""How often what happens in the stream of `bench.people`, and where each figure comes from.

Nobody publishes such figures for the customers of a shop. Where a source is named the figure is its, otherwise it is our
assumption: chosen rather too high for whatever puts two people together, so that the score is no better than life.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

CHANNELS: Final[Mapping[str, float]] = MappingProxyType(
    {"whatsapp": 0.27, "email": 0.27, "app": 0.15, "web_form": 0.12, "call": 0.09, "sms": 0.05, "telegram": 0.05}
)
"""Share of the contacts of a shop that is open on all of them: our assumption. `app` is the shop's app and the chat on its
site, for people who are signed in."""

COUNTRIES: Final[Mapping[str, float]] = MappingProxyType(
    {"IT": 0.55, "ES": 0.10, "DE": 0.08, "FR": 0.07, "BR": 0.08, "MX": 0.06, "AR": 0.06}
)
"""Three of them for the sake of their numbers, which are written in two ways."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Shares from 0 to 1 unless it says days, a year, or a number."""

    days: int = 1096
    """Length of the stream: three years."""
    channels: Mapping[str, float] = field(default_factory=lambda: CHANNELS)
    countries: Mapping[str, float] = field(default_factory=lambda: COUNTRIES)

    # How people write.
    activity: float = 1.1
    """Sigma of the log-normal weight by which messages fall to people: the busiest hundredth writes about a tenth."""
    stay_days: float = 500.0
    """Mean time from a person's first contact to the last that is possible."""
    affair: float = 2.5
    """Mean number of messages about one thing, which come within days; between affairs there may be more than a year."""
    same_channel: float = 0.65
    """That the next message of an affair takes the same channel: unheard customers write everywhere."""
    repeated: float = 0.03
    """Messages that send the words of the one before again."""
    order: float = 0.4
    """Forms and messages of the app that name the order."""
    second_brand: float = 0.2
    """People who belong to the second brand; `both_brands` write to both."""
    both_brands: float = 0.05

    # What they have.
    app: float = 0.50
    """People with an account of the shop; the others buy as guests."""
    app_email_verified: float = 0.85
    """Accounts whose address was confirmed by a link: the usual step of signing up."""
    app_phone_verified: float = 0.40
    """Accounts whose number was confirmed by a code; as many have one that was only typed."""
    changed_email: float = 0.3
    """People with two mailboxes whose account had first the one, then the other."""
    telegram: float = 0.12
    telegram_card: float = 0.20
    """People on Telegram who share the card with their number."""
    second_email: float = 0.25
    second_phone: float = 0.08
    dmarc: float = 0.92
    """Mailboxes whose mails pass DMARC: the large providers' all do."""
    dmarc_broken: float = 0.02
    """Of their mails, those that do not pass: mailing lists and forwarding break signatures (RFC 7960)."""
    ids_after: float = 1 / 3
    """Part of the stream after which WhatsApp names a user id beside the number. Meta, "Business-scoped user IDs": in
    webhooks since April 2026, and the id is a new one when the number changes. The stream begins a year before that."""
    hidden_number: float = 0.08
    """Users who take a username, some time after that: then the id comes instead of the number."""
    old_spelling: float = 0.6
    """Mexican and Brazilian numbers that WhatsApp knows by their spelling of before 2019 and 2016. Argentinian ones it always
    writes with their 9."""
    hidden_caller: float = 0.08

    # Names.
    nickname: float = 0.12
    """Profiles on WhatsApp and Telegram with a name that is none of the person's: pet names, mottoes, a firm's."""
    no_name: float = 0.10
    """Profiles and mails without a name, or with nothing but a picture."""
    alike_in_family: float = 0.02
    """Families that share a phone and in which both have the same first name: father and son."""

    # What puts people together who are two.
    family_phone: float = 0.02
    """People who use one number with another person; each has own addresses too."""
    family_mailbox: float = 0.02
    firm: float = 0.03
    """People who also write from the mailbox of their firm, two to four of them."""
    firm_unlisted: float = 0.3
    """Firms whose mailbox no list of shared addresses knows: `acquisti@…`."""
    shared_account: float = 0.2
    """People with an account whose address is the mailbox that they share."""
    changed_number: float = 0.04
    """Numbers given up in a year. FCC 18-177 (2018), on reassigned numbers, has 35 million in a year for the United States, 8
    of 100; half of it, for numbers of firms and of journeys are in there too."""
    stale_days: float = 60.0
    """Mean time for which an account still has the number that was given up."""
    many_phones: float = 0.001
    """People who take a new number every few months, eight in all, and have each of them confirmed: travellers, resellers. They
    are there for the caps on what one customer may own."""
    recycled: float = 0.005
    """People who got a number that another customer of ours had. Of 20,000 customers in a country of 60 million it would be
    fewer than one: far too high on purpose."""
    recycled_soon: float = 0.05
    """Of these numbers, those that come back after less than a year (60 to 360 days of silence). Carriers may give a number
    out after 45 days (47 CFR 52.15(f)(1)(ii)), but its next holder must also become our customer."""
    typing_error: float = 0.02
    """Typed addresses with an error. ZeroBounce finds 1 to 3 in 100 in its customers' lists."""
    hits_another: float = 0.5
    """Of these errors, those that make the address of another person: far too high on purpose."""
    placeholder: float = 0.01
    """Forms with `test@test.com` or a number of zeros, from people who give no address."""
    till_account: float = 0.0005
    """Accounts made at the till with a placeholder that the shop's server calls confirmed."""
