"""What an exchange is to the rest of the program.

Everything here is pure: bytes and times in, facts out. Sockets, clocks and counters live in `exporter.feeds`.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from exporter.model import Instrument, PriceKind, RawLiquidation

Completeness = Literal["full", "sampled_1s", "sampled_max_per_side_1s", "partial", "unspecified"]
PUBLISHES: Mapping[Completeness, str] = {
    "full": "every one",
    "sampled_1s": "sample: 1/s per symbol",
    "sampled_max_per_side_1s": "sample: 1/s per side",
    "partial": "a part",
    "unspecified": "not stated",
}
"""Which of its liquidations an exchange publishes, in the words that people read everywhere."""
OtherClosure = Literal["deleverage", "assignment", "termination", "settlement", "trigger", "margin"]
"""What feeds report beside liquidations, and nobody may add to them.

`trigger` announces a liquidation whose executions are rows of their own, `margin` closes a position on a spot market.
"""


class ParseError(Exception):
    """A frame or a REST answer that is not what the exchange documents; the message says what is wrong with it."""


class RejectedRow(Exception):  # noqa: N818 - it is control flow inside a parser, not an error of the program
    """One row of a frame that cannot be a liquidation; its only argument is the reason, a metric label value."""


class Rejected(msgspec.Struct, frozen=True):
    """A row that was refused, with the reason (a metric label value) and the row as text."""

    reason: str
    row: str


class Liquidations(msgspec.Struct, frozen=True, gc=False):
    """The liquidations of one frame in its order, its rows that were refused, and those that are other closures.

    `repeated` ones are what a new subscriber is told of the time before.
    """

    events: list[RawLiquidation]
    rejected: Sequence[Rejected] = ()
    others: Sequence[OtherClosure] = ()
    repeated: bool = False


class MarkPrices(msgspec.Struct, frozen=True, gc=False):
    """A push of the control stream: it proves that the socket delivers; `prices` are (instrument name, price).

    `time_ms` is the exchange's, 0 when the push tells none.
    """

    prices: Sequence[tuple[str, float]]
    time_ms: int


OLDEST = "oldest"
"""The key of an answer that does not say what it answers, where exchanges answer in the order of the requests."""


class Ack(msgspec.Struct, frozen=True):
    """The exchange's answer to the subscription request `key`; `OLDEST` stands for the first that waits for one.

    `found` are the liquidations that the answer itself tells of, where it repeats what happened before.
    """

    key: str
    ok: bool
    message: str = ""
    found: Liquidations | None = None


class Reply(msgspec.Struct, frozen=True):
    """A heartbeat of the exchange that wants `frame` sent back.

    Where no control stream can be had on the socket, the heartbeat itself is the proof that it delivers, and `time_ms`
    the exchange's time of it; 0 otherwise.
    """

    frame: str
    time_ms: int = 0


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


class Quota(msgspec.Struct, frozen=True):
    """What one address may send, over all its sockets: `messages` within `seconds`, `unanswered` requests at once."""

    messages: int
    seconds: float
    unanswered: int


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """One product line that is read over sockets of its own.

    `path` is appended to the address of `endpoint`, `headers` go with the handshake. A feed with `per_symbol`
    subscribes each instrument by name, at most `symbols_per_connection` on one socket; between two requests it waits
    `request_every_s`, and all of its sockets together keep to `quota`. `ping` is sent every `ping_every_s` where the
    exchange wants messages from its clients. With `gzip` every frame is compressed. The control stream may pause for
    `pulse_s`, 0 when it never does for long. The exchange cuts every socket after `max_life_s`, 0 when it does not.
    """

    name: str
    path: str
    endpoint: str = "ws"
    headers: tuple[tuple[str, str], ...] = ()
    per_symbol: bool = False
    symbols_per_connection: int = 0
    request_every_s: float = 0.0
    quota: Quota | None = None
    ping: str | None = None
    ping_every_s: float = 20.0
    gzip: bool = False
    pulse_s: float = 0.0
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


class Span(msgspec.Struct, frozen=True):
    """A stretch of time, Unix milliseconds: from `from_ms` on and before `until_ms`."""

    from_ms: int
    until_ms: int


class PastRequest(msgspec.Struct, frozen=True):
    """A REST call for liquidations of `span`: GET `path` at the endpoint named `endpoint`.

    `about` names what it asks for (an instrument, a family, everything), for people.
    """

    endpoint: str
    path: str
    span: Span
    about: str


class PastPage(msgspec.Struct, frozen=True):
    """The liquidations of one answer, those beside the span included, and the requests for the rest of the span."""

    found: Liquidations
    following: Sequence[PastRequest] = ()


class History(Protocol):
    """How an exchange can be asked for liquidations of the past; its depth is `Capability.backfill_hours`.

    A request is made `every_s` seconds after the one before at the earliest. REST knows a liquidation `settled_s`
    seconds after it happened, later ones are asked for in vain; where it can take longer, the same span is asked for
    again after `again_s` (0: never).
    """

    every_s: float
    settled_s: float
    again_s: float

    def requests(self, feed: str, instruments: Sequence[Instrument], span: Span) -> list[PastRequest]:
        """Return the calls that together cover a span of a feed, the instruments' most important ones first."""

    def parse(self, request: PastRequest, body: bytes, received_ms: int) -> PastPage:
        """Read one answer; raises `ParseError` and nothing else."""

    def twin(self, raw: RawLiquidation) -> tuple[str, ...] | None:
        """Return what a row has in common with the same liquidation on the socket; None where their ids are equal."""


class Archive(Protocol):
    """What can be read where there is no exchange to listen to: frames and instruments as they were saved.

    Every `Exchange` is one as well.
    """

    name: str
    instrument_requests: tuple[InstrumentRequest, ...]

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        """Read one frame; raises `ParseError` and nothing else."""

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:
        """Read one answer to an instrument request; raises `ParseError` and nothing else."""


class Exchange(Archive, Protocol):
    """Pure knowledge of one exchange's wire.

    `endpoints` maps a name to a default address; `ws` is always among them. A user can override each. `history` is how
    the past can be asked for, None where it can not.
    """

    title: str
    capability: Capability
    endpoints: dict[str, str]
    feeds: tuple[Feed, ...]
    history: History | None

    def control(self, feed: Feed, bases: Sequence[str]) -> list[Subscription]:
        """Return the requests that every socket of `feed` makes: all-symbols streams and the control stream.

        `bases` are the main coins whose mark price is wanted; the control stream includes at least one busy
        instrument even when `bases` is empty.
        """

    def subscribe(self, feed: Feed, instruments: Sequence[str], first_key: int) -> list[Subscription]:
        """Return the requests that subscribe the named instruments, within the exchange's frame limits.

        Keys are decimal numbers from `first_key` on, or made of what the answers name. Only for feeds that are
        `per_symbol`.
        """
