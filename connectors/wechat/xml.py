"""A body of WeChat as an object.

Whoever can reach the address can send XML before any signature is checked: document types are refused at their first byte,
so no entity is ever declared, let alone expanded.
"""

from typing import Final
from xml.etree.ElementTree import Element, ParseError  # the types and the error only: defusedxml does the reading

from defusedxml.ElementTree import fromstring

from connectors.reading import Misshapen, Part

CONTENT_TYPE: Final = "text/xml"


class NotXml(ValueError):
    """The body is not XML, or has a document type."""


def read(body: bytes) -> Part:
    """The texts of the root's children by their names; what has children itself is an empty object. Raises `NotXml`, and
    `Misshapen` where it is something else than WeChat's."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, ValueError, LookupError) as error:  # LookupError: an encoding that nobody knows
        raise NotXml("the body is not XML without a document type") from error
    if root.tag != "xml":
        raise Misshapen("body", "an element named xml")
    found: dict[str, str | dict[str, str]] = {}
    for child in root:
        found.setdefault(child.tag, {} if len(child) else child.text or "")
    return Part(found)
