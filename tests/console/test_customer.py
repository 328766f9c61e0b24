"""The pages of customers over HTTP: found, looked at, changed, answered, merged and erased."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import select

from connectors.base import Parsed
from normalizer.inbound import envelope_id, reference_number
from storage.schema import customers, handles, messages
from storage.schema import outgoing as table
from tests.console.scene import Scene, Somebody, a_console
from tests.contacts import email, inbound, phone
from tests.http.served import worked_off
