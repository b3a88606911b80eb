"""What the parsers share: reading numbers, times and rows that nobody can trust."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Annotated, TypeVar

import msgspec

from exporter.exchanges.base import Liquidations, MarkPrices, ParseError, Rejected, RejectedRow
from exporter.isotime import millis_of
from exporter.model import RawLiquidation

Row = TypeVar("Row")
Decoded = TypeVar("Decoded")

Number = str | float | None
"""A price or a quantity as exchanges send them; `positive` reads it, so that a bad one costs its row only."""

Millis = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A time as sent. It stays within 64 bits because a refused row is written out again, and msgspec writes no more."""

ABSENT = msgspec.Raw()
"""Stands for a part of a message that is decoded later and was not sent."""

OLDEST_MS = 1_483_228_800_000
NEWEST_MS = 4_102_444_800_000
"""2017-01-01 and 2100-01-01, UTC: no exchange that is read here had futures before, and nothing happened after."""

LEAST, MOST = 1e-30, 1e30
"""Prices and quantities lie between: beyond 30 digits a product or a quotient of a few could overflow, and spoil every
sum it enters."""

DECODE_ERRORS = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""All that decoding untrusted bytes can raise."""


class _Typed(msgspec.Struct, gc=False):
    type: str


_TYPED = msgspec.json.Decoder(_Typed)


def decoded(decoder: msgspec.json.Decoder[Decoded], body: bytes | str | msgspec.Raw) -> Decoded:
    """Decode JSON from outside; raises `ParseError` and nothing else."""
    try:
        return decoder.decode(body)
    except DECODE_ERRORS as error:
        raise ParseError(str(error)) from None


def instant(time_ms: int) -> int:
    """Check a time in Unix milliseconds; raises `RejectedRow("time")` for seconds, microseconds, zero and nonsense."""
    if not OLDEST_MS <= time_ms < NEWEST_MS:
        raise RejectedRow("time")
    return time_ms


def instant_text(text: str) -> int:
    """Read a time in Unix milliseconds that was sent as text; raises `RejectedRow("time")`."""
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise RejectedRow("time")
    return instant(int(text))


def instant_iso(text: str) -> int:
    """Read a time that was sent as ISO 8601 text with its zone; raises `RejectedRow("time")`."""
    try:
        return instant(millis_of(text))
    except ValueError:
        raise RejectedRow("time") from None


def positive(text: Number, reason: str) -> float:
    """Read a number that must be above zero and within reason; raises `RejectedRow(reason)` otherwise."""
    try:
        value = float(text)  # type: ignore[arg-type]  # None raises TypeError, which is the point
    except (TypeError, ValueError):
        raise RejectedRow(reason) from None
    if not LEAST < value < MOST:
        raise RejectedRow(reason)
    return value


def price_and_quantity(price: Number, quantity: Number) -> tuple[float, float]:
    """Read both at once, as `positive` does; raises `RejectedRow("price")` or `RejectedRow("quantity")`."""
    try:
        value, amount = float(price), float(quantity)  # type: ignore[arg-type]  # as above
    except (TypeError, ValueError):
        value = amount = 0.0
    if LEAST < value < MOST and LEAST < amount < MOST:
        return value, amount
    return positive(price, "price"), positive(quantity, "quantity")


def nonzero(text: Number, reason: str) -> float:
    """Read a number whose sign has a meaning; raises `RejectedRow(reason)` for zero and what `positive` refuses."""
    try:
        value = float(text)  # type: ignore[arg-type]  # as above
    except (TypeError, ValueError):
        raise RejectedRow(reason) from None
    return positive(value, reason) if value > 0 else -positive(-value, reason)


def mark_price(name: str, price: Number, time_ms: int) -> MarkPrices:
    """Read a push of the control stream; raises `ParseError` when its time is impossible.

    A push without a usable price is still proof of life.
    """
    try:
        instant(time_ms)
    except RejectedRow:
        raise ParseError(f"mark price of an impossible time: {time_ms}") from None
    try:
        return MarkPrices(((name, positive(price, "price")),), time_ms)
    except RejectedRow:
        return MarkPrices((), time_ms)


def refused(row: object, refusal: RejectedRow) -> Rejected:
    """Keep a refused row, written out again, with the reason."""
    return Rejected(str(refusal), msgspec.json.encode(row).decode(errors="replace"))


def collect(rows: Iterable[Row], read: Callable[[Row], RawLiquidation], *, repeated: bool = False) -> Liquidations:
    """Read every row of a frame, keeping the good ones when others are refused.

    Rows with equal ids in one frame are different events and get an ordinal (`#2`, `#3`, ...), so that two overlapping
    sockets still agree on them.
    """
    events: list[RawLiquidation] = []
    rejected: list[Rejected] = []
    for row in rows:
        try:
            events.append(read(row))
        except RejectedRow as refusal:
            rejected.append(refused(row, refusal))
    if len(events) > 1 and len({event.id for event in events}) < len(events):
        events = _numbered(events)
    return Liquidations(events, rejected, repeated=repeated)


def shaped(decoder: msgspec.json.Decoder[Decoded], row: msgspec.Raw) -> Decoded:
    """Decode one row by itself, so that one of the wrong shape costs no other; raises `RejectedRow("malformed")`."""
    try:
        return decoder.decode(row)
    except DECODE_ERRORS:
        raise RejectedRow("malformed") from None


def of_type(rows: Iterable[msgspec.Raw], wanted: str) -> Iterator[msgspec.Raw]:
    """Leave out the rows of another `type`; what cannot be read is left to its reader to refuse."""
    for row in rows:
        try:
            kind = _TYPED.decode(row).type
        except DECODE_ERRORS:
            kind = wanted
        if kind == wanted:
            yield row


def amount_text(number: Number) -> str:
    """Write a number in the one way that text and number have in common: an id must not depend on how it was sent."""
    try:
        return f"{Decimal(str(number)).normalize():f}"
    except ArithmeticError:
        return str(number)


def _numbered(events: list[RawLiquidation]) -> list[RawLiquidation]:
    seen: Counter[str] = Counter()
    numbered = []
    for event in events:
        seen[event.id] += 1
        count = seen[event.id]
        numbered.append(event if count == 1 else msgspec.structs.replace(event, id=f"{event.id}#{count}"))
    return numbered
