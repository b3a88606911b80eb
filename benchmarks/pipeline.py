"""What one frame costs on the CPU: read, made an exact event, counted in the ledger. No disk, no sockets, one thread.

The anchor is `msgspec.json.decode`, which turns the same frame into dictionaries and knows nothing of it. That no event
is counted twice is the journal's work and is measured with it.
"""

import gc
import time
from collections.abc import Callable, Sequence

import msgspec

from benchmarks.frames import Frame, Traffic, instruments
from benchmarks.report import Progress, Row, at_most, info
from exporter.config import Metrics
from exporter.exchanges import REGISTRY
from exporter.exchanges.base import Liquidations
from exporter.ledger import Ledger
from exporter.model import resolve

ROUNDS = 15
EVENTS = 40_000


class Way:
    """Three stretches of the way of an exchange's frames; each returns how many events it has seen."""

    def __init__(self, exchange: str) -> None:
        metrics = Metrics()
        self._parse = REGISTRY[exchange].parse
        self._known = {each.name: each for each in instruments(exchange)}
        self._ledger = Ledger([exchange], metrics.bases, metrics.base_cap)

    def decode(self, frames: Sequence[Frame], _received_ms: int) -> None:
        for frame in frames:
            msgspec.json.decode(frame.body)

    def parse(self, frames: Sequence[Frame], received_ms: int) -> None:
        for frame in frames:
            self._parse(frame.body, received_ms)

    def count(self, frames: Sequence[Frame], received_ms: int) -> None:
        seq = 0
        for frame in frames:
            parsed = self._parse(frame.body, received_ms)
            if isinstance(parsed, Liquidations):
                for raw in parsed.events:
                    seq += 1
                    self._ledger.apply(seq, resolve(raw, self._known[raw.instrument]))


def run(progress: Progress) -> list[Row]:
    traffic = Traffic(time.time_ns() // 1_000_000, 200.0)
    frames = traffic.frames(EVENTS)
    rows = []
    for exchange in REGISTRY:
        own = [frame for frame in frames if frame.exchange == exchange]
        progress(f"{len(own):,} frames of {exchange}")
        rows += measure(exchange, own, traffic.now_ms)
    return rows


def measure(exchange: str, frames: Sequence[Frame], received_ms: int) -> list[Row]:
    way, events = Way(exchange), sum(frame.events for frame in frames)
    stretches = (way.decode, way.parse, way.count)
    rounds = [[timed(stretch, frames, received_ms) for stretch in stretches] for _ in range(ROUNDS)]
    decoded, parsed, counted = zip(*rounds, strict=True)
    ratios = [parse / decode for parse, decode in zip(parsed, decoded, strict=True)]
    title = f"{exchange}, {events / len(frames):.1f} events a frame:"
    # The goal is for a frame of one event; where there are more, a parser makes more of the same decoding.
    parse = at_most(f"{title} parser against decoding", "x", ratios, 2.2, 1.5) if events == len(frames) else None
    return [
        info(f"{title} frame to counted events", "µs/frame", counted),
        info(f"{title} the same", "µs/event", [each * len(frames) / events for each in counted]),
        info(f"{title} parser alone", "µs/frame", parsed),
        parse or info(f"{title} parser against decoding", "x", ratios),
    ]


def timed(stretch: Callable[[Sequence[Frame], int], None], frames: Sequence[Frame], received_ms: int) -> float:
    gc.collect()
    started = time.perf_counter()
    stretch(frames, received_ms)
    return (time.perf_counter() - started) / len(frames) * 1e6
