import msgspec
import pytest
from structlog.testing import capture_logs

from exporter.exchanges.base import InstrumentRequest
from exporter.feeds.cache import InstrumentCache
from exporter.feeds.instruments import InstrumentTable, source_of
from exporter.model import Instrument
from tests.wire import instrument

LINEAR = InstrumentRequest("rest", "/linear", "linear")
EARLY = InstrumentRequest("rest", "/linear?early", "linear")
INVERSE = InstrumentRequest("rest", "/inverse", "inverse")
BTC, ETH, OLD = instrument("BTCUSDT"), instrument("ETHUSDT"), instrument("OLDUSDT")


def table() -> InstrumentTable:
    return InstrumentTable((LINEAR, EARLY, INVERSE), ["BTC", "PEPE"])


def test_a_feed_lists_what_its_calls_list():
    known = table()
    known.replace(source_of(LINEAR), [BTC, ETH])
    known.replace(source_of(EARLY), [ETH, instrument("NEWUSDT")])
    known.replace(source_of(INVERSE), [instrument("BTCUSD")])
    assert known.names("linear") == ["BTCUSDT", "ETHUSDT", "NEWUSDT"]
    assert known.names("inverse") == ["BTCUSD"]


def test_what_is_delisted_stays_known():
    known = table()
    known.replace(source_of(LINEAR), [BTC, OLD])
    known.replace(source_of(LINEAR), [BTC])
    assert known.names("linear") == ["BTCUSDT"]
    assert sorted(known.known) == ["BTCUSDT", "OLDUSDT"]


def test_an_empty_answer_ends_no_subscription():
    known = table()
    known.replace(source_of(LINEAR), [BTC])
    known.replace(source_of(LINEAR), [])
    assert known.names("linear") == ["BTCUSDT"]


def test_marks_are_those_of_the_main_coins_in_dollars():
    known = table()
    euro = instrument("BTCEUR", base="BTC", quote="EUR")
    pepe = instrument("1000PEPEUSDT", base="PEPE", multiplier=1000.0)
    known.replace(source_of(LINEAR), [BTC, ETH, euro, pepe])
    assert known.marks == {"BTCUSDT": ("BTC", 1.0), "1000PEPEUSDT": ("PEPE", 1000.0)}


def test_the_cache_brings_everything_back(tmp_path):
    known = table()
    known.replace(source_of(LINEAR), [BTC, OLD])
    known.replace(source_of(LINEAR), [BTC])
    cache = InstrumentCache(tmp_path / "instruments" / "toy.json")
    cache.save(known.listings())
    restored = table()
    restored.restore(cache.load())
    assert restored.known == known.known
    assert restored.names("linear") == ["BTCUSDT"]
    assert restored.marks == known.marks


def test_the_cache_is_a_list_of_instruments_for_everybody(tmp_path):
    known = table()
    known.replace(source_of(LINEAR), [BTC])
    path = tmp_path / "toy.json"
    InstrumentCache(path).save(known.listings())
    assert msgspec.json.decode(path.read_bytes(), type=list[Instrument]) == [BTC]
    assert [each.name for each in tmp_path.iterdir()] == ["toy.json"]


@pytest.mark.parametrize("content", [b"", b"[{", b'{"a":1}', b'[{"name":"BTCUSDT"}]', b"\xff\xfe"])
def test_a_corrupt_cache_is_ignored_with_one_line(tmp_path, content):
    path = tmp_path / "toy.json"
    path.write_bytes(content)
    with capture_logs() as lines:
        assert InstrumentCache(path).load() == []
    assert [(line["log_level"], line["event"]) for line in lines] == [("warning", "instrument cache ignored")]


def test_a_missing_cache_is_the_first_start(tmp_path):
    with capture_logs() as lines:
        assert InstrumentCache(tmp_path / "toy.json").load() == []
    assert [line["log_level"] for line in lines] == ["debug"]


def test_a_cache_that_can_not_be_written_is_a_warning(tmp_path):
    (tmp_path / "file").write_text("")
    with capture_logs() as lines:
        InstrumentCache(tmp_path / "file" / "toy.json").save([])
    assert [line["event"] for line in lines] == ["instrument cache not written"]


def test_a_source_that_is_no_longer_asked_lists_nothing_but_is_known():
    known = table()
    known.replace(source_of(INVERSE), [BTC])
    other = InstrumentTable((LINEAR,), [])
    other.restore(known.listings())
    assert other.names("linear") == []
    assert "BTCUSDT" in other.known
