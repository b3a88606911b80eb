"""Times as ISO 8601 text, and as the Unix milliseconds that the program counts in."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def millis_of(text: str) -> int:
    """Read a time with its zone; raises `ValueError` for anything else. Parts of a millisecond are dropped."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a time without its zone: {text}")
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def text_of(time_ms: int) -> str:
    """Write a time in UTC, to the millisecond; raises `OverflowError` beyond the year 9999."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03}Z"
