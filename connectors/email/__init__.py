"""Mail as a channel."""

from connectors.email.channel import mail_channel
from connectors.email.connector import EmailConnector
from connectors.email.contact import CONTENT_TYPE
from connectors.email.settings import EmailSettings

__all__ = ["CHANNEL", "CONTENT_TYPE", "EmailConnector", "EmailSettings"]

CHANNEL = mail_channel("email", EmailSettings, EmailConnector, way_in="import")
