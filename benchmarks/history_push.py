"""A day of metrics of a large exporter, written into a Prometheus by its remote-write protocol.

The series are those of a rendered page, repeated for twelve exchanges. A value follows one of a few courses, because
the cost of a query lies in the number of its series and samples. Snappy allows text that is not compressed, so the
protocol needs no library: https://prometheus.io/docs/specs/prw/remote_write_spec/.
"""

import math
import random
import struct
import urllib.request
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.parser import text_string_to_metric_families

from exporter.metrics import Exposition
from tests.unit.metrics.filled import NOW_MS, busy_view

EXCHANGES = (
    "binance",
    "bybit",
    "okx",
    "dydx",
    "kraken",
    "gate",
    "htx",
    "bitget",
    "deribit",
    "bitfinex",
    "aster",
    "lighter",
)
COINS = 300
SCRAPE_S = 5
SPARSE_S = 240
"""The step of series that no graph of a board reads over time: those of the coins that are not chosen."""
CHUNK_S = 2_400
"""So much is written of all series before any goes on: Prometheus takes no sample an hour older than the newest one."""
REQUEST_SERIES = 200
CHOSEN = "BTC"
TARGET = {"job": "liquidations", "instance": "exporter:10110"}
Labels = tuple[tuple[str, str], ...]


def series() -> list[Labels]:
    """Return the labels of every series of an exporter with all exchanges and so many coins."""
    page = Exposition(busy_view(bases=COINS)).render(None, NOW_MS)[0].decode()
    found = [{"__name__": "up"}]
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            labels = {"__name__": sample.name} | sample.labels
            if sample.labels.get("exchange") == "binance":
                found += [labels | {"exchange": exchange} for exchange in EXCHANGES]
            elif "exchange" not in sample.labels:
                found.append(labels)
    return [tuple(sorted((labels | TARGET).items())) for labels in found]


def push(address: str, end_s: int, seconds: int, progress: Callable[[str], None]) -> tuple[int, int]:
    """Write the last `seconds` up to `end_s`; returns the number of series and of samples."""
    everything = [(each, _is_dense(each)) for each in series()]
    samples = 0
    for start in range(end_s - seconds, end_s, CHUNK_S):
        progress(f"writing {(start - end_s + seconds) / 3600:.1f} of {seconds // 3600} hours into Prometheus")
        end = min(start + CHUNK_S, end_s + 1)
        times = {dense: range(start, end, SCRAPE_S if dense else SPARSE_S) for dense in (True, False)}
        courses = {dense: [_samples(course, each) for course in COURSES] for dense, each in times.items()}
        samples += sum(len(times[dense]) for _, dense in everything)
        for index in range(0, len(everything), REQUEST_SERIES):
            message = b"".join(
                _field(1, _labels(labels) + courses[dense][hash(labels) % len(COURSES)])
                for labels, dense in everything[index : index + REQUEST_SERIES]
            )
            _send(address, message)
    return len(everything), samples


def _is_dense(labels: Labels) -> bool:
    return dict(labels).get("base", CHOSEN) == CHOSEN


def _steady(second: int) -> float:
    return second * 0.31


def _busy(second: int) -> float:
    return second * 812.7 + 3e5 * math.sin(second / 900)


def _flat(_second: int) -> float:
    return 1.0


def _noisy(second: int) -> float:
    return 1e6 * random.Random(second).random()  # the same value for the same second in every run


COURSES = (_steady, _busy, _flat, _noisy)


def _samples(course: Callable[[int], float], times: Sequence[int]) -> bytes:
    return b"".join(
        _field(2, b"\x09" + struct.pack("<d", course(second % 100_000)) + b"\x10" + _number(second * 1000))
        for second in times
    )


def _labels(labels: Labels) -> bytes:
    return b"".join(_field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in labels)


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _number(len(content)) + content


def _number(value: int) -> bytes:
    return bytes(_sevens(value))


def _sevens(value: int) -> Iterator[int]:
    while value > 127:
        yield value & 127 | 128
        value >>= 7
    yield value


def _send(address: str, message: bytes) -> None:
    literal = b"\xfc" + struct.pack("<I", len(message) - 1)  # one literal with a length of four bytes
    headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
    headers["X-Prometheus-Remote-Write-Version"] = "0.1.0"
    body = _number(len(message)) + literal + message
    request = urllib.request.Request(f"{address}/api/v1/write", body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()
