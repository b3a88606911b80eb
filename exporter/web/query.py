"""Query parameters, read strictly: a misspelt or impossible one is an error and never a silent default."""

import math
import re
from collections.abc import Iterable, Sequence

from aiohttp import web

from exporter.exchanges import REGISTRY
from exporter.exchanges.naming import plain_coin
from exporter.model import SIDES, USD_QUOTES, Side
from exporter.stats import WINDOWS
from exporter.web.answers import ApiError, bad_request

LONGEST = 64
ALL_TIME = "all"

_SUFFIXES = sorted((*USD_QUOTES, "PERP"), key=len, reverse=True)

Filters = dict[str, str | float]


class Query:
    """The parameters of one request, of which only `known` ones may be there, each once."""

    def __init__(self, request: web.Request, *known: str) -> None:
        self._values: dict[str, str] = {}
        for name, value in request.query.items():
            if name not in known:
                what = f"known here: {', '.join(known)}" if known else "there are none here"
                raise bad_request(f"unknown parameter {_quoted(name)}; {what}")
            if name in self._values:
                raise bad_request(f"{name} is given twice")
            if value:
                self._values[name] = value

    def choice(self, name: str, choices: Sequence[str]) -> str | None:
        """Return one of the choices, or None when it is not given."""
        value = self._values.get(name)
        if value is not None and value not in choices:
            raise bad_request(f"{name} {_quoted(value)} is not known; it is one of {', '.join(choices)}")
        return value

    def window(self, name: str = "window") -> str | None:
        """Return the name of a window; None is all time."""
        window = self.choice(name, (*WINDOWS, ALL_TIME))
        return None if window == ALL_TIME else window

    def side(self) -> Side | None:
        """Return `side`, or None when it is not given."""
        return next((side for side in SIDES if side == self.choice("side", SIDES)), None)

    def count(self, name: str, default: int, highest: int) -> int:
        """Return a whole number from 1 to `highest`."""
        value = self._values.get(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", value) or not 1 <= int(value) <= highest:
            raise bad_request(f"{name} {_quoted(value)} is not a whole number from 1 to {highest}")
        return int(value)

    def instant(self, name: str) -> int | None:
        """Return a time in Unix milliseconds, or None when it is not given."""
        value = self._values.get(name)
        if value is not None and not re.fullmatch(r"[0-9]{1,13}", value):
            raise bad_request(f"{name} {_quoted(value)} is not a time in Unix milliseconds")
        return None if value is None else int(value)

    def symbol(self, *names: str) -> str | None:
        """Return what was asked for under one of several names, as written; None when it is not given."""
        given = [name for name in names if name in self._values]
        if len(given) > 1:
            raise bad_request(f"give {' or '.join(given)}, not both")
        return self._values[given[0]] if given else None

    def filters(self) -> Filters:
        """Return the conditions on events: `side`, `exchange` and `min_usd`, those that are given."""
        found: Filters = {}
        if side := self.side():
            found["side"] = side
        if exchange := self.choice("exchange", tuple(REGISTRY)):
            found["exchange"] = exchange
        if (text := self._values.get("min_usd")) is not None:
            found["min_usd"] = _amount("min_usd", text)
        return found


def find_base(symbol: str, known: Iterable[str]) -> str:
    """Return the known coin that a symbol means: `BTC`, `btc`, `BTCUSDT`, `BTC-USDT`, `BTC/USDT:USDT`, `1000PEPEUSDT`.

    Raises `ApiError` 404 when there is none.
    """
    names = {name.upper(): name for name in known}
    for candidate in spellings(symbol):
        if candidate in names:
            return names[candidate]
    raise ApiError(
        404,
        "unknown base",
        f"no liquidation of {_quoted(symbol)} has been seen; /api/v1/bases lists the coins that are known",
    )


def spellings(symbol: str) -> list[str]:
    """Return the coins that a symbol may mean, upper case, the most literal first; raises `ApiError` on nonsense."""
    text = symbol.strip()
    if len(text) > LONGEST or not re.fullmatch(r"\w[\w/:.-]*", text):
        raise bad_request(f"{_quoted(symbol)} is not a coin or symbol; write for example BTC or BTCUSDT")
    head = re.split(r"[-_/:]", text.upper())[0]
    shorter = [head.removesuffix(suffix) for suffix in _SUFFIXES if head.endswith(suffix) and head != suffix]
    plain = [plain_coin(name)[0] for name in (head, *shorter)]
    return list(dict.fromkeys((text.upper(), head, *shorter, *plain)))


def _amount(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise bad_request(f"{name} {_quoted(text)} is not an amount in USD from 0 up")
    return value


def _quoted(text: str) -> str:
    return repr(text if len(text) <= LONGEST else text[:LONGEST] + "…")
