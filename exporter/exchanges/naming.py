"""The plain coin behind the name that an exchange gives a base.

Exchanges quote cheap coins in thousands (`1000PEPE`, `SHIB1000`, `1MBABYDOGE`, `kBONK`) and keep old names for some.
"""

import re

_RENAMED = {"XBT": "BTC", "XDG": "DOGE", "BCC": "BCH", "BCHABC": "BCH"}

_NOT_MULTIPLIED = frozenset({"1MIL"})
"""Coins whose own name looks like a multiple. `1INCH`, `0G` and `4STOCK` need no entry: no pattern fits them."""

# A power of ten from 1000 on, `1M` or a small `k`, directly before the letters of the coin; or 1000 behind them.
_LEADING = re.compile(r"(10{3,}|1M(?=[A-Z]{3})|k(?=[A-Z]))([^\W\d_].*)")
_TRAILING = re.compile(r"([A-Z]{2,})(1000)")
_WORDS = {"1M": 1e6, "k": 1e3}


def plain_coin(name: str) -> tuple[str, float]:
    """Return the coin and how many of it one unit of `name` is: `1000PEPE` is `("PEPE", 1000.0)`."""
    coin, multiplier = _undo_multiple(name)
    return _RENAMED.get(coin, coin), multiplier


def _undo_multiple(name: str) -> tuple[str, float]:
    if name in _NOT_MULTIPLIED:
        return name, 1.0
    if match := _LEADING.fullmatch(name):
        multiple, coin = match.groups()
    elif match := _TRAILING.fullmatch(name):
        coin, multiple = match.groups()
    else:
        return name, 1.0
    return coin, _WORDS.get(multiple) or float(multiple)
