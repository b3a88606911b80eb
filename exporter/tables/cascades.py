"""Which cascades run now: the market and the coins nearest to one, with level, score and reasons."""

from collections.abc import Sequence

from rich.text import Text

from exporter.signals.readings import MARKET
from exporter.tables.grid import Column, Grid
from exporter.tables.numbers import NONE, duration, usd
from exporter.tables.stats import SIDE_STYLE
from exporter.web.cascades import Cascades, SidePart

SHOWN = 4
REASONS = 2
_LEVELS = {
    "unknown": ("◌ unknown", "dim"),
    "none": ("○ none", ""),
    "watch": ("◔ watch", "#d9b43a"),
    "warning": ("◑ warning", "#d07aa8"),
    "critical": ("● CRITICAL", "bold #e0559b"),
}
_COLUMNS = (
    Column("", left=True),
    Column("Side", left=True),
    Column("Level", left=True),
    Column("Score"),
    Column("USD"),
    Column("Lasts"),
    Column("Why", left=True, optional=True),
)


def cascades_table(answer: Cascades) -> Grid:
    """Return the market's sides and the sides of coins with the highest levels and scores, the highest first."""
    grid = Grid("Cascades now", _COLUMNS)
    nearest = sorted(answer.sides, key=lambda part: (-part.level, -(part.score or 0.0)))[:SHOWN]
    for number, part in enumerate(answer.market + nearest):
        text, style = _LEVELS[part.level_name]
        episode = part.episode
        grid.add(
            "market" if part.base == MARKET else part.base,
            Text(part.side.upper(), SIDE_STYLE[part.side]),
            Text(text, style),
            NONE if part.score is None else f"{part.score:.0f}",
            usd(episode.usd) if episode else NONE,
            duration((answer.now_ms - episode.start_ms) / 1000) if episode else NONE,
            _why(part),
            end=number == len(answer.market) - 1,
        )
    return grid


def blind_notes(sides: Sequence[SidePart]) -> list[Text]:
    """Name the coins of which nothing is known, if there are any: unknown is not calm."""
    names = sorted({part.base for part in sides if part.level_name == "unknown"})
    return [Text(f"Unknown, too few of their feeds are up: {', '.join(names)}", "yellow")] if names else []


def _why(part: SidePart) -> str:
    if part.level > 0 and part.reasons:
        return ", ".join(part.reasons[:REASONS])
    return "still being learned" if part.warmup else ""
