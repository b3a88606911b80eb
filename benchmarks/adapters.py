"""What a frame costs on the CPU until its events are counted: no disk, no sockets, one thread (P1, P2, P3).

Ours is parser, resolution and ledger, the same objects as in a running exporter; that no event is counted twice is the
journal's work and is measured with it. cryptofeed and ccxt take the same frames up to their own liquidation object, in
processes of their own (`benchmarks/peers`), in turn with ours. ccxt finds only the first row of OKX's frames. Times are
CPU time, which neighbours on the machine disturb least.
"""

import gc
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import peers
from benchmarks.contracts import EXCHANGES, instruments
from benchmarks.frames import Frame, Traffic
from benchmarks.report import Measured, Progress, Row, info, times_as_fast, times_the_cost
from exporter.app import settle_interpreter
from exporter.config import Metrics
from exporter.exchanges import REGISTRY
from exporter.exchanges.base import Liquidations
from exporter.ledger import Ledger
from exporter.model import resolve

ROUNDS = 15
FRAMES = 5_000
AGAINST_CCXT = {"binance": (5.0, 8.0), "bybit": (5.0, 7.0), "okx": (3.0, 4.5)}


class Way:
    """Two stretches of the way of an exchange's frames."""

    def __init__(self, exchange: str, frames: Sequence[Frame], received_ms: int) -> None:
        metrics = Metrics()
        self._frames, self._received_ms = frames, received_ms
        self._parse = REGISTRY[exchange].parse
        self._known = {each.name: each for each in instruments(exchange)}
        self._ledger = Ledger([exchange], metrics.bases, metrics.base_cap)

    def parse(self) -> None:
        for frame in self._frames:
            self._parse(frame.body, self._received_ms)

    def count(self) -> None:
        apply, known, seq = self._ledger.apply, self._known, 0
        for frame in self._frames:
            parsed = self._parse(frame.body, self._received_ms)
            if isinstance(parsed, Liquidations):
                for raw in parsed.events:
                    seq += 1
                    apply(seq, resolve(raw, known[raw.instrument]))


def run(progress: Progress, rounds: int = ROUNDS) -> list[Row]:
    traffic = Traffic(time.time_ns() // 1_000_000, 200.0)
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for exchange in EXCHANGES:
            progress(f"frames of {exchange}, {rounds} rounds")
            rows += measure(exchange, traffic.frames_of(exchange, FRAMES), traffic.now_ms, Path(folder), rounds)
    if not peers.available():
        progress("cryptofeed, ccxt and orjson are not installed; make bench installs them")
    return rows


def measure(exchange: str, frames: Sequence[Frame], received_ms: int, folder: Path, rounds: int) -> list[Row]:
    way = Way(exchange, frames, received_ms)
    anchors = ("cryptofeed", "ccxt", "orjson") if exchange == "binance" else ("ccxt",)
    found: dict[str, list[float]] = {"count": [], "parse": []}
    running = [peers.Peer(name, exchange, frames, folder) for name in anchors] if peers.available() else []
    settle_interpreter()
    for _ in range(rounds):
        found["parse"].append(timed(way.parse, len(frames)))
        found["count"].append(timed(way.count, len(frames)))
        for name, peer in zip(anchors, running, strict=False):
            seconds, _ = peer.round()
            found.setdefault(name, []).append(seconds / len(frames) * 1e6)
    for peer in running:
        peer.close()
    per_frame = sum(frame.events for frame in frames) / len(frames)
    return rows_of(exchange, found, per_frame)


def rows_of(exchange: str, found: dict[str, list[float]], per_frame: float) -> list[Row]:
    sides = {name: Measured(name, "µs", rounds) for name, rounds in found.items()}
    whole, parser = Measured("", "µs", found["count"]), Measured("parser", "µs", found["parse"])
    rows = []
    if "cryptofeed" in sides:
        rows.append(times_as_fast("P1", f"{exchange}: frame to counted events", whole, sides["cryptofeed"], 1.3, 1.7))
    if "ccxt" in sides:
        rows.append(
            times_as_fast("P2", f"{exchange}: frame to counted events", whole, sides["ccxt"], *AGAINST_CCXT[exchange])
        )
    if "orjson" in sides:
        rows.append(times_the_cost("P3", f"{exchange}: parser against decoding", parser, sides["orjson"], 2.2, 1.5))
    each = [frame / per_frame for frame in found["count"]]
    return [*rows, info(f"{exchange}: the same, {per_frame:.1f} events a frame", "µs/event", each)]


def timed(stretch: Callable[[], None], frames: int) -> float:
    """Return the microseconds of CPU time a frame."""
    gc.collect()
    started = time.process_time()
    stretch()
    return (time.process_time() - started) / frames * 1e6
