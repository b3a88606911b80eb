import gzip
import time

import pytest

from exporter.config import Duration, Feeds
from exporter.exchanges.base import Ack, Feed, Reply
from exporter.feeds.context import Context
from exporter.feeds.failures import Ended, Reason
from exporter.feeds.instruments import InstrumentTable, source_of
from exporter.feeds.liveness import Liveness, Verdict
from exporter.feeds.reader import Reader
from exporter.feeds.status import ExchangeStatus
from tests.wire import ALL, LIST, Recorder, ToyExchange, instrument


@pytest.fixture
def sink():
    return Recorder()


@pytest.fixture
def status():
    return ExchangeStatus("toy", ["all"])


@pytest.fixture
def liveness():
    return Liveness(10, time.monotonic())


def make_reader(sink, status, liveness, feed=ALL):
    exchange = ToyExchange(requests=(LIST,))
    table = InstrumentTable(exchange.instrument_requests, ["BTC", "PEPE"])
    table.replace(source_of(LIST), [instrument("BTCUSDT"), instrument("1000PEPEUSDT", base="PEPE", multiplier=1000.0)])
    settings = Feeds(junk_per_second=3, silent_after=Duration(10))
    return Reader(Context(exchange, exchange.endpoints, settings, ["BTC", "PEPE"], sink, status, table), feed, liveness)


@pytest.fixture
def reader(sink, status, liveness):
    return make_reader(sink, status, liveness)


def test_liquidations_go_to_the_sink_with_the_cost_of_parsing(reader, sink, status):
    assert reader.read(b"liq|BTCUSDT|7") is None
    assert sink.ids == ["7"]
    assert 0 < sink.parse_seconds[0] < 1
    assert status.frames == 1
    assert status.last_message_ms == reader.last_message_ms > 0
    assert status.last_control_ms == reader.last_control_ms == 0


def test_a_control_message_proves_life_and_prices_the_main_coins(reader, status, liveness):
    now = time.time_ns() // 1_000_000
    assert reader.read(f"mark|{now}|BTCUSDT|50000".encode()) is None
    reader.read(f"mark|{now}|1000PEPEUSDT|0.02".encode())
    reader.read(f"mark|{now}|DOGEUSDT|0.1".encode())
    assert status.mark_prices == {"BTC": 50000.0, "PEPE": 0.02 / 1000}
    assert status.last_control_ms == reader.last_control_ms >= now
    assert liveness.verdict(time.monotonic()) is Verdict.LIVE


def test_liquidations_prove_no_life(reader, liveness):
    reader.read(b"liq|BTCUSDT|7")
    assert liveness.verdict(time.monotonic()) is Verdict.WAITING


def test_the_clock_offset_follows_slowly(reader, status):
    reader.read(f"mark|{time.time_ns() // 1_000_000 - 2000}|BTCUSDT|1".encode())
    assert status.clock_offset_s == pytest.approx(2.0, abs=0.5)
    reader.read(f"mark|{time.time_ns() // 1_000_000 - 18000}|BTCUSDT|1".encode())
    assert status.clock_offset_s == pytest.approx(3.0, abs=0.5)


def test_an_answer_can_tell_of_liquidations(reader, sink):
    answer = reader.read(b"told|1|BTCUSDT|7")
    assert (answer.key, answer.ok) == ("1", True)
    assert (sink.repetitions, sink.ids) == (["7"], [])


def test_answers_are_handed_to_the_connection(reader):
    assert reader.read(b"ack|1|ok") == Ack("1", ok=True)
    assert reader.read(b"beat|yes") == Reply("yes")
    assert reader.read(b"known") is None


def test_unusable_frames_are_counted_and_sampled(reader, sink, status):
    reader.read(b"\xff\xfe")
    reader.read(b"unknown")
    assert (status.parse_errors, status.unknown_frames, status.frames) == (1, 1, 2)
    assert sink.samples == [("malformed", b"\xff\xfe"), ("unknown", b"unknown")]


def test_one_unusable_frame_too_many_is_a_flood(reader):
    for frame in (b"?", b"unknown", b"?"):
        reader.read(frame)
    with pytest.raises(Ended) as ended:
        reader.read(b"unknown")
    assert ended.value.reason is Reason.FLOOD


def test_usable_frames_are_never_a_flood(reader, sink):
    for number in range(5000):
        reader.read(f"liq|BTCUSDT|{number}".encode())
    assert len(sink.ids) == 5000


def test_a_heartbeat_that_is_the_pulse_proves_life(reader, status, liveness):
    now = time.time_ns() // 1_000_000
    assert reader.read(f"beat|yes|{now}".encode()) == Reply("yes", now)
    assert status.last_control_ms == reader.last_control_ms >= now
    assert liveness.verdict(time.monotonic()) is Verdict.LIVE


def test_compressed_frames_are_read_and_kept_as_text(sink, status, liveness):
    reader = make_reader(sink, status, liveness, Feed(name="all", path="/", gzip=True))
    reader.read(gzip.compress(b"liq|BTCUSDT|7"))
    reader.read(gzip.compress(b"?"))
    reader.read(b"liq|BTCUSDT|8")
    assert sink.ids == ["7"]
    assert sink.samples == [("malformed", b"?"), ("malformed", b"liq|BTCUSDT|8")]
