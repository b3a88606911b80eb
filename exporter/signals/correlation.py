"""How the exchanges' minutes move together: the correlation of ln(1 + USD) per minute, fading over four hours."""

import math

from exporter.signals.state import State

HALF_LIFE_MINUTES = 240.0
LEAST_MINUTES = 60
_GAIN = 1.0 - 2.0 ** (-1.0 / HALF_LIFE_MINUTES)


class Minutes(State):
    """One side: USD of the running minute per exchange, and per pair the moments of the minutes in which both were up.

    `moments` at a * size + b (a < b) are the minutes counted, the two means, the two variances and the covariance.
    """

    __slots__ = ("moments", "size", "usd")

    def __init__(self, exchanges: int) -> None:
        self.size = exchanges
        self.usd = [0.0] * exchanges
        self.moments = [[0.0] * 6 for _ in range(exchanges**2)]

    def minute(self, live: list[bool]) -> None:
        """Close the minute."""
        logs = [math.log(1.0 + usd) for usd in self.usd]
        self.usd = [0.0] * self.size
        up = [place for place in range(self.size) if live[place]]
        for i, a in enumerate(up):
            for b in up[i + 1 :]:
                self.moments[a * self.size + b] = _moved(self.moments[a * self.size + b], logs[a], logs[b])

    def correlation(self, a: int, b: int) -> float | None:
        """Return the correlation of two exchanges, None before an hour was seen or where one never moved."""
        count, _, _, var_a, var_b, together = self.moments[min(a, b) * self.size + max(a, b)]
        if count < LEAST_MINUTES or var_a <= 0.0 or var_b <= 0.0:
            return None
        return max(-1.0, min(1.0, together / math.sqrt(var_a * var_b)))

    def widen(self, exchanges: int) -> None:
        """Make room for exchanges that are new; the pairs keep what they know."""
        wider = Minutes(exchanges)
        for a in range(self.size):
            wider.usd[a] = self.usd[a]
            for b in range(self.size):
                wider.moments[a * exchanges + b] = self.moments[a * self.size + b]
        self.size, self.usd, self.moments = wider.size, wider.usd, wider.moments


def _moved(moments: list[float], a: float, b: float) -> list[float]:
    """Return the moments after one more minute; the first minutes weigh equally."""
    count, mean_a, mean_b, var_a, var_b, together = moments
    count += 1.0
    gain = max(_GAIN, 1.0 / count)
    off_a, off_b = a - mean_a, b - mean_b
    kept = 1.0 - gain
    return [
        count,
        mean_a + gain * off_a,
        mean_b + gain * off_b,
        kept * (var_a + gain * off_a * off_a),
        kept * (var_b + gain * off_b * off_b),
        kept * (together + gain * off_a * off_b),
    ]
