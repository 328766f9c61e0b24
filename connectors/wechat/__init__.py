"""WeChat official accounts: messages and menu taps in, customer-service texts out.

settings   what an operator says
crypto     signatures, and the AES of safe mode
xml        a body without DTDs or entities, as an object
kinds      what each message and event says, as tables
tokens     access tokens: kept, renewed, fetched once for all who wait
sending    texts out, files in
webhook    the connector
"""

from connectors.wechat.settings import WeChatSettings
from connectors.wechat.webhook import CHANNEL, WeChat

__all__ = ["CHANNEL", "WeChat", "WeChatSettings"]
