import msgspec
import pytest

from exporter.exchanges.base import Liquidations, ParseError, Span
from exporter.feeds.twins import Twins, by_importance, within
from exporter.model import resolve
from tests.wire import instrument, raw


def recorded(*raws):
    return [resolve(each, instrument(each.instrument)) for each in raws]


def by_second(event):
    return (event.instrument, str(event.time_ms // 1000))


def ids(found):
    return [event.id for event in found.events]


def test_every_recorded_event_accounts_for_one_row():
    twins = Twins(by_second, recorded(raw("BTCUSDT", "a", 5_100), raw("ETHUSDT", "b", 5_000)))
    rows = [raw("BTCUSDT", "x", 5_000), raw("BTCUSDT", "y", 5_000), raw("ETHUSDT", "z", 6_000)]
    assert ids(twins.fresh(Liquidations(rows))) == ["y", "z"]
    more = [raw("BTCUSDT", "w", 5_900)]
    assert ids(twins.fresh(Liquidations(more))) == ["w"], "what is used up is used up, across answers"
    assert ids(twins.fresh(Liquidations([*rows, *more]))) == [], "and a row that two answers hold is one"


def test_equal_ids_need_no_twin():
    twins = Twins(lambda _: None, recorded(raw("BTCUSDT", "a", 5_100)))
    assert ids(twins.fresh(Liquidations([raw("BTCUSDT", "a", 5_100), raw("BTCUSDT", "a#2", 5_100)]))) == ["a#2"]


def test_what_an_answer_holds_beyond_the_span_is_left_out():
    rows = [raw("BTCUSDT", str(ms), ms) for ms in (999, 1_000, 1_999, 2_000)]
    assert ids(within(Liquidations(rows), Span(1_000, 2_000))) == ["1000", "1999"]


def test_main_coins_come_first_then_the_busiest():
    listed = [instrument(f"{coin}USDT") for coin in ("ADA", "DOGE", "ETH", "BTC")]
    seen = recorded(raw("DOGEUSDT", "1", 1))
    assert [each.base for each in by_importance(listed, ["BTC", "ETH"], seen)] == ["BTC", "ETH", "DOGE", "ADA"]


def test_amounts_of_another_unit_are_not_believed():
    twins = Twins(by_second, recorded(raw("BTCUSDT", "a", 5_100)))
    row = msgspec.structs.replace(raw("BTCUSDT", "x", 5_000), quantity=7.0)
    with pytest.raises(ParseError, match="worth 7 in the past, 1 on the socket"):
        twins.fresh(Liquidations([row]))


def test_a_row_of_the_same_price_is_the_likelier_twin():
    one = msgspec.structs.replace(raw("BTCUSDT", "a", 5_100), price=2.0, quantity_unit="contracts")
    twins = Twins(by_second, recorded(one))
    other = msgspec.structs.replace(one, id="x", price=3.0)
    assert ids(twins.fresh(Liquidations([other, msgspec.structs.replace(one, id="y")]))) == ["x"]


def test_what_was_filled_before_is_no_twin_of_anything_else():
    before = [resolve(raw("BTCUSDT", "x", 5_000), instrument("BTCUSDT"), "backfill")]
    rows = [raw("BTCUSDT", "x", 5_000), raw("BTCUSDT", "late", 5_000)]
    assert ids(Twins(by_second, before).fresh(Liquidations(rows))) == ["late"]
