"""Channels described in YAML alone.

description  what a description may say, as a model; `outgoing` its part about sending, `schemes` its signatures
             (`proofs` is what those share), `times` its times
query        JMESPath expressions, compiled when a description is loaded
template     texts and JSON values with placeholders
settings     the connector entry that names a description
reading      a verified body to contacts, statuses and events; `values` single parts of them, `people` who wrote,
             `carried` the headers that are kept with it
handshake    answers that a provider waits for
sending      texts out, files in
"""

from connectors.declared.connector import CHANNEL

__all__ = ["CHANNEL"]
