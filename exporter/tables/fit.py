"""Choosing what to show on a screen that cannot scroll."""

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.text import Text


def fitted(sections: Sequence[RenderableType], console: Console) -> RenderableType:
    """Stack as many whole sections as the console is high, in their order of importance."""
    room = console.height - 1
    shown: list[RenderableType] = []
    for section in sections:
        room -= len(console.render_lines(section, pad=False)) + 1
        if room < 0:
            shown.append(Text("a higher terminal shows more", style="dim"))
            break
        shown += [section, Text()]
    return Group(*shown)
