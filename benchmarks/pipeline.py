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
    way, per_frame = Way(exchange), sum(frame.events for frame in frames) / len(frames)
    stretches = (way.decode, way.parse, way.count)
    rounds = [[timed(stretch, frames, received_ms) for stretch in stretches] for _ in range(ROUNDS)]
    decoded, parsed, counted = zip(*rounds, strict=True)
    ratios = [parse / decode for parse, decode in zip(parsed, decoded, strict=True)]
    against = f"{exchange}: parser against decoding"
    rows = [
        info(f"{exchange}: frame to counted events, {per_frame:.1f} a frame", "µs/frame", counted),
        info(f"{exchange}: parser alone", "µs/frame", parsed),
    ]
    if per_frame == 1:
        return [*rows, at_most(against, "x", ratios, 2.2, 1.5)]
    per_event = info(f"{exchange}: the same", "µs/event", [each / per_frame for each in counted])
    return [rows[0], per_event, rows[1], info(against, "x", ratios)]  # the goal is for a frame of one event


def timed(stretch: Callable[[Sequence[Frame], int], None], frames: Sequence[Frame], received_ms: int) -> float:
    gc.collect()
    started = time.perf_counter()
    stretch(frames, received_ms)
    return (time.perf_counter() - started) / len(frames) * 1e6
