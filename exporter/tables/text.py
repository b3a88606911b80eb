"""Text that came from outside, made safe for a terminal."""

import re

from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def plain(text: str, style: str = "") -> Text:
    """Return the text without control characters, and with square brackets as they are."""
    return Text(_CONTROL.sub("�", text), style)
