"""A tiny exchange with a wire of its own, and a sink that remembers: what the feeds need to be tested without a parser.

Frames are text, fields separated by a bar. From the exchange: `mark|time_ms|instrument|price`, `liq|instrument|id`,
`ack|key|ok`, `ack|key|no|message`, `told|key|instrument|id` (an answer that repeats a liquidation), `beat|frame`
(wants `frame` back), `beat|frame|time_ms` (which is the pulse as well), `known`, `unknown`, `defect`; all else is
malformed.
To the exchange: `control|key`, `sub|key|instrument,instrument`.
"""

import time
from collections.abc import Iterable, Sequence

import msgspec

from exporter.exchanges.base import (
    UNKNOWN,
    Ack,
    Capability,
    Epoch,
    Feed,
    InstrumentPage,
    InstrumentRequest,
    Known,
    Liquidations,
    MarkPrices,
    Parsed,
    ParseError,
    PastPage,
    PastRequest,
    Reply,
    Span,
    Subscription,
)
from exporter.feeds.sink import Taken
from exporter.model import FeedChange, Instrument, Liquidation, RawLiquidation, resolve

ALL = Feed(name="all", path="/ws/all")
NAMED = Feed(name="named", path="/ws/named", per_symbol=True, symbols_per_connection=4)
LIST = InstrumentRequest("rest", "/instruments", "all")
NAMED_LIST = InstrumentRequest("rest", "/instruments", "named")


def instrument(name: str, **fields) -> Instrument:
    base = name.removesuffix("USDT")
    values = {"exchange": "toy", "name": name, "base": base, "quote": "USDT", "settle": "USDT", "kind": "perpetual"}
    return Instrument(**values | fields)


class ToyHistory:
    """Asks for one instrument at a time; an answer is `{"rows": [[name, id, time_ms], ...], "next": [path, ...]}`.

    With `loose` the rows of the past have ids of their own and are recognised by instrument and second.
    """

    every_s = 0.01
    settled_s = 0.0
    again_s = 0.0

    def __init__(self, *, loose: bool = False) -> None:
        self.loose = loose

    def requests(self, feed: str, instruments: Sequence[Instrument], span: Span) -> list[PastRequest]:
        return [PastRequest("rest", f"/past/{each.name}", span, each.name) for each in instruments]

    def parse(self, request: PastRequest, body: bytes, received_ms: int) -> PastPage:
        try:
            page = msgspec.json.decode(body, type=dict[str, list])
        except msgspec.MsgspecError as error:
            raise ParseError(str(error)) from None
        prefix = "rest-" if self.loose else ""
        rows = [raw(name, f"{prefix}{number}", ms) for name, number, ms in page["rows"]]
        following = [msgspec.structs.replace(request, path=path) for path in page.get("next", [])]
        return PastPage(Liquidations(rows), following)

    def twin(self, event: RawLiquidation) -> tuple[str, ...] | None:
        return (event.instrument, str(event.time_ms // 1000)) if self.loose else None


class ToyExchange:
    name = "toy"
    title = "Toy"
    capability = Capability((Epoch("2020-01-01", "full"),), "fill", "base", native_id=True, backfill_hours=0, note="")

    def __init__(self, feeds: Sequence[Feed] = (ALL,), requests: Sequence[InstrumentRequest] = ()) -> None:
        self.history: ToyHistory | None = None
        self.endpoints = {"ws": "ws://localhost", "rest": "http://localhost"}
        self.feeds = tuple(feeds)
        self.instrument_requests = tuple(requests)
        self.optional_control: tuple[str, ...] = ()
        self.names_per_request = 100

    def control(self, feed: Feed, bases: Sequence[str]) -> list[Subscription]:
        optional = [Subscription(f"mark-{name}", f"control|mark-{name}", (name,)) for name in self.optional_control]
        return [Subscription("1", "control|1"), *optional]

    def subscribe(self, feed: Feed, instruments: Sequence[str], first_key: int) -> list[Subscription]:
        size = self.names_per_request
        chunks = [tuple(instruments[start : start + size]) for start in range(0, len(instruments), size)]
        return [
            Subscription(str(key), f"sub|{key}|{','.join(names)}", names) for key, names in enumerate(chunks, first_key)
        ]

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        match (frame.decode(errors="replace") if isinstance(frame, bytes) else frame).split("|"):
            case ["mark", time_ms, name, price]:
                return MarkPrices(((name, float(price)),), int(time_ms))
            case ["liq", name, number]:
                return Liquidations([raw(name, number, received_ms)])
            case ["ack", key, ok, *message]:
                return Ack(key, ok == "ok", *message)
            case ["told", key, name, number]:
                return Ack(key, ok=True, found=Liquidations([raw(name, number, received_ms)], repeated=True))
            case ["beat", answer, *time_ms]:
                return Reply(answer, *map(int, time_ms))
            case ["known" | "unknown" as what]:
                return Known(what) if what == "known" else UNKNOWN
            case ["defect"]:
                raise KeyError("a defect of the parser")
        raise ParseError("not of this exchange")

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:
        try:
            page = msgspec.json.decode(body, type=dict[str, list[str]])
        except msgspec.MsgspecError as error:
            raise ParseError(str(error)) from None
        following = page.get("next")
        rest = InstrumentRequest(request.endpoint, following[0], request.feed) if following else None
        return InstrumentPage([instrument(name) for name in page["names"]], rest)


def raw(name: str, number: str, received_ms: int) -> RawLiquidation:
    return RawLiquidation(received_ms, received_ms, "toy", name, "long", 1.0, "fill", 1.0, "base", number)


class Recorder:
    """A sink that keeps what it was given."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.filled: list[str] = []
        self.repetitions: list[str] = []
        self.events: list[Liquidation] = []
        self.known: list[str] = []
        self.changes: list[FeedChange] = []
        self.samples: list[tuple[str, bytes | str]] = []
        self.parse_seconds: list[float] = []

    def liquidations(self, exchange: str, parsed: Liquidations, received_ms: int, parse_seconds: float) -> None:
        assert abs(received_ms - time.time_ns() // 1_000_000) < 10_000
        self.ids += [event.id for event in parsed.events]
        self.events += [resolve(event, instrument(event.instrument)) for event in parsed.events]
        self.parse_seconds.append(parse_seconds)

    def repeated(self, exchange: str, parsed: Liquidations, received_ms: int) -> None:
        self.repetitions += [event.id for event in parsed.events]

    def backfilled(self, exchange: str, parsed: Liquidations, received_ms: int) -> Taken:
        self.filled += [event.id for event in parsed.events]
        self.events += [resolve(event, instrument(event.instrument), "backfill") for event in parsed.events]
        return Taken(recorded=len(parsed.events))

    async def stored(self) -> None:
        """Everything is, at once."""

    async def recorded(self, exchange: str, span: Span) -> list[Liquidation]:
        return [event for event in self.events if span.from_ms <= event.time_ms < span.until_ms]

    def instruments(self, exchange: str, instruments: Iterable[Instrument]) -> None:
        self.known = [each.name for each in instruments]

    def feed_changed(self, change: FeedChange) -> None:
        self.changes.append(change)

    def quarantine(self, exchange: str, reason: str, frame: bytes | str, received_ms: int) -> None:
        self.samples.append((reason, frame))

    @property
    def story(self) -> list[str]:
        """The feed changes as words: `all up`, `all down silent`."""
        return [f"{each.feed} up" if each.up else f"{each.feed} down {each.reason}" for each in self.changes]
