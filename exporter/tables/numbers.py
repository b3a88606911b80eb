"""Numbers and times as people read them. What does not exist is a dash."""

import math
from datetime import UTC, datetime

NONE = "–"
_UNITS = ((1e15, "Q"), (1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))


def count(value: int | None) -> str:
    """Write a whole number: 1,234,567."""
    return NONE if value is None else f"{value:,}"


def size(value: int) -> str:
    """Write a number of bytes: 845 B, 12.3 KB, 4.56 GB."""
    text = _short(value)
    return f"{text[:-1]} {text[-1].replace('B', 'G')}B" if text[-1].isalpha() else f"{text} B"


def usd(value: float | None) -> str:
    """Write an amount of USD in three digits or more: $845, $12.3K, $4.56M."""
    if value is None:
        return NONE
    return f"-${_short(-value)}" if value < 0 else f"${_short(value)}"


def usd_exact(value: float) -> str:
    """Write an amount of USD to the cent."""
    return f"${value:,.2f}"


def usd_whole(value: float) -> str:
    """Write an amount of USD to the dollar, small ones to the cent."""
    return f"${value:,.0f}" if value >= 100 else usd_exact(value)


def amount(value: float | None) -> str:
    """Write an amount of a coin, or a rate, in three digits or more: 0.00123, 14.5, 1.23K."""
    return NONE if value is None else _short(value)


def amount_exact(value: float) -> str:
    """Write an amount of a coin with up to eight decimals."""
    return _trimmed(f"{value:,.8f}")


def price(value: float) -> str:
    """Write a price in seven significant digits or all of its whole ones, never as a power of ten."""
    decimals = max(0, 6 - math.floor(math.log10(value))) if value > 0 else 0
    return _trimmed(f"{value:,.{decimals}f}")


def share(value: float | None) -> str:
    """Write a share of one as a percentage."""
    return NONE if value is None else f"{value * 100:.1f}%"


def ratio(value: float | None) -> str:
    """Write a ratio with two decimals."""
    return NONE if value is None else f"{value:,.2f}"


def duration(seconds: float) -> str:
    """Write a span in its two largest units: 3d 4h, 12m 5s."""
    left = int(seconds)
    parts: list[str] = []
    for length, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        number, left = divmod(left, length)
        if number or parts or unit == "s":
            parts.append(f"{number}{unit}")
    return " ".join(parts[:2])


def moment(time_ms: int) -> str:
    """Write an instant to the second, UTC."""
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _short(value: float) -> str:
    """Write a positive number in three significant digits, whole numbers below 1,000 without decimals."""
    for size, unit in _UNITS:
        if value >= size * 0.9995:  # what rounds up to 1,000 of the smaller unit
            return _digits(value / size) + unit
    return _digits(value)


def _digits(value: float) -> str:
    if value == int(value):
        return str(int(value))
    if value >= 99.95:
        return f"{value:.0f}"
    if value >= 9.995:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3g}"
