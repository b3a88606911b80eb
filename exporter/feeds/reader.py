"""The hot path: one frame in, counted, parsed and delivered."""

from time import monotonic, perf_counter, time_ns

from exporter.exchanges.base import Ack, Feed, Liquidations, MarkPrices, ParseError, Reply, Unknown
from exporter.feeds.context import Context
from exporter.feeds.failures import Ended, Reason
from exporter.feeds.inflate import inflate
from exporter.feeds.junk import GarbleMeter, JunkMeter
from exporter.feeds.liveness import Liveness

_SMOOTHING = 1 / 16
"""Weight of the newest control message in the clock offset: a minute of a once-a-second stream, roughly."""
MAX_INFLATED_BYTES = 16 * 2**20


class Reader:
    """Reads the frames of one socket of `feed`.

    Times are Unix milliseconds, 0 before the first message; `heard` is the newest frame's on the monotonic clock, the
    time of opening before. `liveness` hears the control messages.
    """

    def __init__(self, context: Context, feed: Feed, liveness: Liveness) -> None:
        self.last_message_ms = 0
        self.last_control_ms = 0
        self.heard = monotonic()
        self.unusable = 0
        """How many frames were of no use."""
        self._frames = 0
        self._liveness = liveness
        self._name = context.exchange.name
        self._parse = context.exchange.parse
        self._gzip = feed.gzip
        self._sink = context.sink
        self._status = context.status
        self._marks = context.table.marks
        self._junk = JunkMeter(context.settings.junk_per_second)
        self._garble = GarbleMeter(self.heard)

    def read(self, frame: bytes) -> Ack | Reply | None:
        """Take one frame; return what the connection has to act upon.

        Raises `Ended` when unusable frames become a flood, or malformed ones most of what arrives.
        """
        received_ms = time_ns() // 1_000_000
        status = self._status
        status.frames += 1
        self._frames += 1
        self.heard = monotonic()
        status.last_message_ms = self.last_message_ms = received_ms
        started = perf_counter()
        try:
            if self._gzip:
                frame = inflate(frame, MAX_INFLATED_BYTES)
            parsed = self._parse(frame, received_ms)
        except ParseError:
            self._malformed(frame, received_ms)
            return None
        if isinstance(parsed, Liquidations):
            self._deliver(parsed, received_ms, perf_counter() - started)
        elif isinstance(parsed, MarkPrices):
            self._control(parsed.time_ms, received_ms)
            self._price(parsed)
        elif isinstance(parsed, Reply):
            if parsed.time_ms:
                self._control(parsed.time_ms, received_ms)
            return parsed
        elif isinstance(parsed, Ack):
            if parsed.found is not None:
                self._deliver(parsed.found, received_ms, perf_counter() - started)
            return parsed
        elif isinstance(parsed, Unknown):
            status.unknown_frames += 1
            self._unusable("unknown", frame, received_ms)
        return None

    def _deliver(self, found: Liquidations, received_ms: int, seconds: float) -> None:
        if found.repeated:
            self._sink.repeated(self._name, found, received_ms)
        else:
            self._sink.liquidations(self._name, found, received_ms, seconds)

    def _control(self, time_ms: int, received_ms: int) -> None:
        status = self._status
        if time_ms:
            offset = (received_ms - time_ms) / 1000
            weight = _SMOOTHING if status.last_control_ms else 1.0
            status.clock_offset_s += (offset - status.clock_offset_s) * weight
        status.last_control_ms = self.last_control_ms = received_ms
        self._liveness.hear(self.heard)

    def _price(self, parsed: MarkPrices) -> None:
        for instrument, price in parsed.prices:
            mark = self._marks.get(instrument)
            if mark is not None:
                base, multiplier = mark
                self._status.mark_prices[base] = price / multiplier

    def _malformed(self, frame: bytes, received_ms: int) -> None:
        self._status.parse_errors += 1
        self._unusable("malformed", frame, received_ms)
        if self._garble.garbled(self.heard, self._frames):
            raise Ended(Reason.MALFORMED, "most frames are malformed")

    def _unusable(self, reason: str, frame: bytes, received_ms: int) -> None:
        self.unusable += 1
        self._sink.quarantine(self._name, reason, frame, received_ms)
        if self._junk.flooded(self.heard):
            raise Ended(Reason.FLOOD, "flooded with unusable frames")
