"""Cascades as a table, one row each."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from exporter.model import LONG
from exporter.signals.readings import LEVEL_NAMES, MARKET, Episode
from exporter.tables.grid import Column, Grid
from exporter.tables.numbers import NONE, count, duration, moment, share, usd
from exporter.tables.stats import SIDE_STYLE

_COLUMNS = (
    Column("Start (UTC)", left=True),
    Column("Coin", left=True),
    Column("Side", left=True),
    Column("Level", left=True),
    Column("Score"),
    Column("USD"),
    Column("Events", optional=True),
    Column("Lasted"),
    Column("Price", optional=True),
    Column("Exchanges, the first one first", left=True, optional=True),
    Column("Largest", optional=True),
    Column("Peak 10 s", optional=True),
    Column("Notes", left=True, optional=True),
)


def episodes_table(episodes: Sequence[Episode]) -> RenderableType:
    """Return a row for each episode, in the order given."""
    if not episodes:
        return Text("No cascades.", "dim")
    grid = Grid("Cascades", _COLUMNS)
    for each in episodes:
        side = Text(each.side.upper(), SIDE_STYLE[each.side])
        notes = [*(["still open"] if each.state == "open" else []), *(flag.replace("_", " ") for flag in each.flags)]
        grid.add(
            moment(each.start_ms),
            "market" if each.base == MARKET else each.base,
            side,
            LEVEL_NAMES[each.max_level],
            f"{each.max_score:.0f}",
            usd(each.usd),
            count(each.events),
            duration((each.end_ms - each.start_ms) / 1000),
            _move(each),
            ", ".join(each.exchanges),
            usd(each.largest_usd),
            usd(each.peak_usd),
            ", ".join(notes),
            style="bold" if each.max_level >= 3 else "",
        )
    return grid


def _move(episode: Episode) -> str:
    """Write how far the price went, from the first order to the extreme one."""
    if not episode.price_first or not episode.price_extreme:
        return NONE
    moved = episode.price_extreme / episode.price_first - 1
    return f"{'-' if episode.side == LONG else '+'}{share(abs(moved))}"
