"""What an exchange is to the rest of the program, and what parsers share.

Everything here is pure: bytes and times in, facts out. Sockets, clocks and counters live in `exporter.feeds`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Literal, Protocol, TypeVar

import msgspec

from exporter.model import Instrument, PriceKind, RawLiquidation

Completeness = Literal["full", "sampled_1s", "sampled_max_per_side_1s", "partial", "unspecified"]


class ParseError(Exception):
    """A frame or a REST answer that is not what the exchange documents; the message says what is wrong with it."""


class RejectedRow(Exception):  # noqa: N818 - it is control flow inside a parser, not an error of the program
    """One row of a frame that cannot be a liquidation; its only argument is the reason, a metric label value."""


class Rejected(msgspec.Struct, frozen=True):
    """A row that was refused, with the reason (a metric label value) and the row as text."""

    reason: str
    row: str


class Liquidations(msgspec.Struct, frozen=True):
    """The liquidations of one frame, in the frame's order, and the rows of it that were refused."""

    events: list[RawLiquidation]
    rejected: Sequence[Rejected] = ()


class MarkPrices(msgspec.Struct, frozen=True):
    """A push of the control stream: it proves that the socket delivers; `prices` are (instrument name, price)."""

    prices: Sequence[tuple[str, float]]
    time_ms: int


class Ack(msgspec.Struct, frozen=True):
    """The exchange's answer to the subscription request `key`."""

    key: str
    ok: bool
    message: str = ""


class Reply(msgspec.Struct, frozen=True):
    """A heartbeat of the exchange that wants `frame` sent back."""

    frame: str


class Known(msgspec.Struct, frozen=True):
    """A frame that is understood and carries nothing to act upon (a pong, a notice); `what` names it."""

    what: str


class Unknown(msgspec.Struct, frozen=True):
    """A well-formed frame of a kind that is not documented; counted, never fatal."""


Parsed = Liquidations | MarkPrices | Ack | Reply | Known | Unknown

PONG = Known("pong")
UNKNOWN = Unknown()


class Epoch(msgspec.Struct, frozen=True):
    """How complete a feed is since a date (ISO day, UTC)."""

    since: str
    completeness: Completeness


class Capability(msgspec.Struct, frozen=True):
    """What an exchange's public liquidation feed is and is not.

    `epochs` run from the oldest to the one in force. `backfill_hours` is 0 where the past cannot be asked for.
    """

    epochs: tuple[Epoch, ...]
    price_kind: PriceKind
    quantity_unit: str
    native_id: bool
    backfill_hours: float
    note: str

    @property
    def completeness(self) -> Completeness:
        """The completeness in force."""
        return self.epochs[-1].completeness


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """One product line that is read over sockets of its own.

    `path` is appended to the exchange's `ws` endpoint. A feed with `per_symbol` subscribes each instrument by name,
    at most `symbols_per_connection` on one socket. `ping` is sent every `ping_every_s` where the exchange wants
    messages from its clients. The exchange cuts every socket after `max_life_s`, 0 when it does not.
    """

    name: str
    path: str
    per_symbol: bool = False
    symbols_per_connection: int = 0
    ping: str | None = None
    ping_every_s: float = 20.0
    max_life_s: float = 0.0


class Subscription(msgspec.Struct, frozen=True):
    """One subscription request: `frame` to send, the `key` its `Ack` will carry, the instruments it names.

    `instruments` is empty for a request that does not depend on the symbol set (all-symbols and control streams).
    """

    key: str
    frame: str
    instruments: tuple[str, ...] = ()


class InstrumentRequest(msgspec.Struct, frozen=True):
    """A REST call that lists instruments: GET `path` at the endpoint named `endpoint`, for the feed named `feed`."""

    endpoint: str
    path: str
    feed: str


class InstrumentPage(msgspec.Struct, frozen=True):
    """The instruments of one REST answer and the request for the next page, None on the last."""

    instruments: list[Instrument]
    next_request: InstrumentRequest | None = None


class Exchange(Protocol):
    """Pure knowledge of one exchange's wire.

    `endpoints` maps a name to a default address; `ws` is always among them. A user can override each.
    """

    name: str
    title: str
    capability: Capability
    endpoints: dict[str, str]
    feeds: tuple[Feed, ...]
    instrument_requests: tuple[InstrumentRequest, ...]

    def control(self, feed: Feed, bases: Sequence[str]) -> list[Subscription]:
        """Return the requests that every socket of `feed` makes: all-symbols streams and the control stream.

        `bases` are the main coins whose mark price is wanted; the control stream includes at least one busy
        instrument even when `bases` is empty.
        """

    def subscribe(self, feed: Feed, instruments: Sequence[str], first_key: int) -> list[Subscription]:
        """Return the requests that subscribe the named instruments, within the exchange's frame limits.

        Keys are decimal numbers from `first_key` on. Only for feeds that are `per_symbol`.
        """

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        """Read one frame; raises `ParseError` and nothing else."""

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:
        """Read one answer to an instrument request; raises `ParseError` and nothing else."""


Row = TypeVar("Row")
Decoded = TypeVar("Decoded")

Number = str | float | None
"""A price or a quantity as exchanges send them; `positive` reads it, so that a bad one costs its row only."""

Millis = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A time as sent. It stays within 64 bits because a refused row is written out again, and msgspec writes no more."""

OLDEST_MS = 1_483_228_800_000
NEWEST_MS = 4_102_444_800_000
"""2017-01-01 and 2100-01-01, UTC: no exchange that is read here had futures before, and nothing happened after."""

DECODE_ERRORS = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""All that decoding untrusted bytes can raise."""


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


def positive(text: Number, reason: str) -> float:
    """Read a number that must be above zero and within reason; raises `RejectedRow(reason)` otherwise.

    Beyond 30 digits a product or a quotient of a few such numbers could overflow, and spoil every sum it enters.
    """
    try:
        value = float(text)  # type: ignore[arg-type]  # None raises TypeError, which is the point
    except (TypeError, ValueError):
        raise RejectedRow(reason) from None
    if not 1e-30 < value < 1e30:
        raise RejectedRow(reason)
    return value


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


def collect(rows: Iterable[Row], read: Callable[[Row], RawLiquidation]) -> Liquidations:
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
    return Liquidations(events, rejected)


def _numbered(events: list[RawLiquidation]) -> list[RawLiquidation]:
    seen: Counter[str] = Counter()
    numbered = []
    for event in events:
        seen[event.id] += 1
        count = seen[event.id]
        numbered.append(event if count == 1 else msgspec.structs.replace(event, id=f"{event.id}#{count}"))
    return numbered
