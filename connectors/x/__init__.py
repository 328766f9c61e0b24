"""X (Twitter): direct messages and mentions in, direct messages and answers to posts out.

settings   what an operator says
layout     the two products' requests, laid out flat
kinds      what messages and posts say
links      short links, and where they lead
reading    what each sort of event is
oauth      who calls: a bearer token, or OAuth 1.0a
sending    messages and posts out
webhook    the connector
"""

from connectors.x.settings import XSettings
from connectors.x.webhook import CHANNEL, X

__all__ = ["CHANNEL", "X", "XSettings"]
