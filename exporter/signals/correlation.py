"""How the exchanges' minutes move together: the correlation of ln(1 + USD) per minute, fading over four hours."""

import math

from exporter.signals.state import State

HALF_LIFE_MINUTES = 240.0
LEAST_MINUTES = 60.0
_KEPT = 2.0 ** (-1.0 / HALF_LIFE_MINUTES)


class Minutes(State):
    """One side: USD of the running minute per exchange, and per pair the faded sums of minutes in which both were up.

    `sums` at a * size + b (a < b) are of 1, a, b, a*a, b*b and a*b, a and b being the two logarithms. `idle` is how
    many minutes without any order have passed since, with the exchanges `live` up; `minutes` how many were counted.
    """

    __slots__ = ("idle", "live", "minutes", "size", "sums", "usd")

    def __init__(self, exchanges: int) -> None:
        self.size = exchanges
        self.usd = [0.0] * exchanges
        self.live = [False] * exchanges
        self.idle = 0
        self.sums = [[0.0] * 6 for _ in range(exchanges**2)]
        self.minutes = [0] * exchanges**2

    def minute(self, live: list[bool]) -> None:
        """Close the minute."""
        if live == self.live and not any(self.usd):
            self.idle += 1
            return
        self._rest()
        self.live = list(live)
        logs = [math.log(1.0 + usd) for usd in self.usd]
        self.usd = [0.0] * self.size
        for at, a, b in self._up():
            x, y = logs[a], logs[b]
            count, sum_x, sum_y, sum_xx, sum_yy, sum_xy = self.sums[at]
            self.minutes[at] += 1
            self.sums[at] = [
                count * _KEPT + 1.0,
                sum_x * _KEPT + x,
                sum_y * _KEPT + y,
                sum_xx * _KEPT + x * x,
                sum_yy * _KEPT + y * y,
                sum_xy * _KEPT + x * y,
            ]

    def correlation(self, a: int, b: int) -> float | None:
        """Return the correlation of two exchanges, None before an hour was seen or where one never moved."""
        at = min(a, b) * self.size + max(a, b)
        idle = self.idle if self.live[a] and self.live[b] else 0
        if self.minutes[at] + idle < LEAST_MINUTES:
            return None
        count, sum_x, sum_y, sum_xx, sum_yy, sum_xy = _idled(self.sums[at], idle)
        var_x, var_y = sum_xx - sum_x * sum_x / count, sum_yy - sum_y * sum_y / count
        if var_x <= 0.0 or var_y <= 0.0:
            return None
        return max(-1.0, min(1.0, (sum_xy - sum_x * sum_y / count) / math.sqrt(var_x * var_y)))

    def widen(self, exchanges: int) -> None:
        """Make room for exchanges that are new; the pairs keep what they know."""
        wider = Minutes(exchanges)
        wider.idle = self.idle
        wider.live[: self.size], wider.usd[: self.size] = self.live, self.usd
        for a in range(self.size):
            for b in range(self.size):
                wider.sums[a * exchanges + b] = self.sums[a * self.size + b]
                wider.minutes[a * exchanges + b] = self.minutes[a * self.size + b]
        for name in self.__slots__:
            setattr(self, name, getattr(wider, name))

    def _rest(self) -> None:
        """Take over the minutes without orders."""
        for at, _, _ in self._up() if self.idle else ():
            self.sums[at] = _idled(self.sums[at], self.idle)
            self.minutes[at] += self.idle
        self.idle = 0

    def _up(self) -> list[tuple[int, int, int]]:
        """Return the pairs of which both are up."""
        up = [place for place, live in enumerate(self.live) if live]
        return [(a * self.size + b, a, b) for i, a in enumerate(up) for b in up[i + 1 :]]


def _idled(sums: list[float], minutes: int) -> list[float]:
    """Return the sums after minutes in which nothing came anywhere."""
    kept = _KEPT**minutes
    return [sums[0] * kept + (1.0 - kept) / (1.0 - _KEPT), *(value * kept for value in sums[1:])]
