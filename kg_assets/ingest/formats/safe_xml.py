"""XML without what makes it dangerous: no entities of its own, no network, no files."""

from typing import Any

from lxml import etree


def parse_xml_bytes(raw: bytes) -> Any:
    """The root element.

    Raises:
        etree.XMLSyntaxError: it is not XML, or its entities grow without bound.
        MemoryError: it does not fit.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        return etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        if getattr(error, "code", None) == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        raise
