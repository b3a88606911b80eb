"""The cascades, marked on every board that shows time."""

from collections.abc import Sequence

from grafana.builder import Json
from grafana.builder.annotations import spans
from grafana.builder.colours import LONG, SHORT
from grafana.signals import COIN_SIGNALS, MARKET_SIGNALS, Signals

COLOURS = {"long": LONG, "short": SHORT}


def episodes(*scopes: Signals) -> Sequence[Json]:
    """Return the open episodes of longs and of shorts as spans, those of all scopes in the same layer."""

    def active(side: str) -> str:
        where = f'side="{side}"'
        each = (f"max_over_time({scope.series('active', where)}[$__interval])" for scope in scopes)
        return " or ".join(f"max by (base, side) ({active})" for active in each)

    return [
        spans(f"Cascades of {side}s", active(side), f"{{{{base}}}} {side}s: cascade", colour)
        for side, colour in COLOURS.items()
    ]


OF_THE_MARKET = episodes(MARKET_SIGNALS)
OF_THE_COIN = episodes(MARKET_SIGNALS, COIN_SIGNALS)
"""Of the chosen coin, and of the market."""
