"""Mail as a channel."""

from connectors.email.connector import EmailConnector
from connectors.email.contact import CONTENT_TYPE
from connectors.email.settings import EmailSettings

__all__ = ["CONTENT_TYPE", "EmailConnector", "EmailSettings"]
