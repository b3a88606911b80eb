"""Liquidations as aligned lines, one each, that can go on for ever."""

from rich.text import Text

from exporter.model import Liquidation
from exporter.tables.numbers import amount, moment, price, usd_whole
from exporter.tables.stats import SIDE_STYLE
from exporter.tables.text import plain

_TITLES = ("Time (UTC)", "Exchange", "Instrument", "Side", "Price", "Amount", "USD")
_WIDTHS = (19, 8, 15, 5, 9, 13, 10)
_RIGHT = (4, 5, 6)
_INSTRUMENT = 2
_GAP = "  "
_WHOLE = 96
"""So many columns usual events take; on a narrower terminal the instrument is left out: the amount names its coin."""
_LARGE_USD = 100_000
"""From here on a line stands out."""


class EventLines:
    """Writes lines whose columns grow when something wider comes, and never cut it off."""

    def __init__(self, width: int = _WHOLE) -> None:
        self._widths = list(_WIDTHS)
        self._left_out = () if width >= _WHOLE else (_INSTRUMENT,)

    def header(self) -> Text:
        """Return the line above the events."""
        return Text(self._aligned(_TITLES), style="dim")

    def line(self, event: Liquidation) -> Text:
        """Return one event's line."""
        cells = (
            moment(event.time_ms),
            event.exchange,
            event.instrument,
            event.side.upper(),
            price(event.price),
            f"{amount(event.base_quantity)} {event.base}",
            usd_whole(event.notional_usd),
        )
        style = SIDE_STYLE[event.side] + (" bold" if event.notional_usd >= _LARGE_USD else "")
        return plain(self._aligned(cells), style)

    def fit(self, event: Liquidation) -> None:
        """Make room for an event ahead of time, so that a batch is aligned from its first line on."""
        self.line(event)

    def _aligned(self, cells: tuple[str, ...]) -> str:
        self._widths = [max(width, len(cell)) for width, cell in zip(self._widths, cells, strict=True)]
        parts = (
            cell.rjust(width) if index in _RIGHT else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(cells, self._widths, strict=True))
            if index not in self._left_out
        )
        return _GAP.join(parts)
