"""Contracts beyond the simulated market's: listed, subscribed and priced, but nobody trades them."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from string import ascii_uppercase

from exporter.simulator.contracts import Contract

MODEL = "LINK"
"""The coin whose perpetual the others are made after: every exchange has it, neither multiplied nor in odd sizes."""


def crowd(contracts: Collection[Contract], count: int) -> Iterator[Contract]:
    """Return so many more contracts of an exchange; the same coins at every exchange."""
    model = next(each for each in contracts if each.coin == MODEL and not each.expiry)
    for number in range(count):
        coin = _coin(number)
        yield replace(
            model,
            symbol=_symbol(model, coin, len(contracts) + number),
            coin=coin,
            wire_base=model.wire_base.replace(MODEL, coin),
        )


def _coin(number: int) -> str:
    """Return a name of letters: digits would be read as a multiplier."""
    letters = ""
    for _ in range(3):
        number, place = divmod(number, 26)
        letters = ascii_uppercase[place] + letters
    return f"Q{letters}"


def _symbol(model: Contract, coin: str, place: int) -> str:
    """Return the model's name with another coin in it, or the next number where markets are numbered."""
    return str(place) if model.symbol.isdecimal() else model.symbol.replace(MODEL, coin)
