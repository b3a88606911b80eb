"""Who publishes the liquidations of a coin."""

from exporter.signals.coin import Coin
from exporter.signals.exchanges import Exchanges
from exporter.signals.readings import Dominance


def dominance(coin: Coin | None, exchanges: Exchanges) -> Dominance:
    """Return the exchanges' USD of about a day, both sides together, and how concentrated they are."""
    usd: dict[str, float] = {}
    for place in coin.places if coin is not None else ():
        if coin is not None and not exchanges.retired[place]:
            held = sum(side.baseline.seen_usd[place] for side in coin.sides)
            usd[exchanges.names[place]] = held / exchanges.gains[place]
    sampled = tuple(name for name in usd if exchanges.sampled[exchanges.place(name)])
    full = [value for name, value in usd.items() if exchanges.full[exchanges.place(name)]]
    return Dominance(usd, _herfindahl(list(usd.values())), _herfindahl(full), sampled)


def _herfindahl(values: list[float]) -> float | None:
    total = sum(values)
    return sum((value / total) ** 2 for value in values) if total else None
