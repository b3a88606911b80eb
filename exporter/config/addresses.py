"""Addresses: whether a text is one, and what of it may be shown."""

import re
from collections.abc import Container
from urllib.parse import urlsplit


def redact(address: str) -> str:
    """Replace user and password of an address by `***`."""
    return re.sub(r"(?<=://)[^/?#]*@", "***@", address)


def is_address(text: str, schemes: Container[str]) -> bool:
    """Tell whether a text is an address with one of the schemes, a host, and a possible port."""
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_store_address(url: str, schemes: Container[str]) -> bool:
    """Like `is_address`; a local socket stands in the path, or in the query as `host`."""
    try:
        parts = urlsplit(url)
        local = not parts.netloc.rpartition("@")[2] and (parts.scheme == "unix" or "host=/" in parts.query)
    except ValueError:
        return False
    return is_address(url, schemes) or (local and parts.scheme in schemes)
