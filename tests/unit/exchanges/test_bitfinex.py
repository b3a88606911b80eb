import json

import pytest

from exporter.exchanges.base import UNKNOWN, Ack, Known, MarkPrices, ParseError, Span
from exporter.exchanges.bitfinex import Bitfinex

BITFINEX = Bitfinex()
(FEED,) = BITFINEX.feeds
T = 1_790_000_000_000


def row(amount=-8.0, price=33.255, *, match=1, symbol="tAVAXF0:USTF0", time_ms=T, position=171_085_137):
    return ["pos", position, time_ms, None, symbol, amount, 32.868, None, match, 1, None, price]


def parsed(*rows):
    return BITFINEX.parse(json.dumps([907, rows], separators=(",", ":")), T)


@pytest.mark.parametrize(("amount", "side"), [(8, "long"), (-8, "short")])
def test_the_sign_is_the_positions(amount, side):
    (event,) = parsed(row(amount)).events
    assert (event.side, event.quantity, event.price, event.price_kind) == (side, 8.0, 33.255, "fill")


def test_a_liquidation_counts_once_whether_announced_or_not():
    found = parsed(row(-8.6, None, match=0), row(-4.5), row(-4.1))
    assert [event.quantity for event in found.events] == [4.5, 4.1]
    assert found.others == ["trigger"]


def test_positions_on_spot_markets_are_told_apart():
    found = parsed(row(symbol="tBTCUSD"), row(symbol="tBTCUSD", match=0), row())
    assert (len(found.events), found.others) == (1, ["margin", "margin"])


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(amount=0), "quantity"),
        (row(amount="many"), "quantity"),
        (row(price=None), "price"),
        (row(price=-1), "price"),
        (row(time_ms=T // 1000), "time"),
        (row()[:9], "malformed"),
        (7, "malformed"),
    ],
)
def test_a_bad_row_is_refused_and_the_others_count(bad, reason):
    found = parsed(row(), bad, row(-1.0))
    assert [event.quantity for event in found.events] == [8.0, 1.0]
    assert [refused.reason for refused in found.rejected] == [reason]


def test_executions_of_one_position_are_different_events():
    assert len({event.id for event in parsed(row(), row(-4.0), row(), row(time_ms=T + 1)).events}) == 4


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ('[7,"hb"]', MarkPrices((), 0)),
        ("[7,null]", Known("nothing")),
        ('{"event":"subscribed","channel":"status","chanId":7,"key":"liq:global"}', Ack("liq:global", ok=True)),
        ('{"event":"error","code":10300,"msg":"no","key":"x"}', Ack("x", ok=False, message="10300 no")),
        ('{"event":"info","code":20051,"msg":"restart"}', Known("info")),
        ('{"event":"auth"}', UNKNOWN),
        ('[7,"te",[1,2,3]]', UNKNOWN),
    ],
)
def test_other_frames(frame, expected):
    assert BITFINEX.parse(frame, T) == expected


def test_one_row_alone_is_read_like_rows():
    assert BITFINEX.parse(json.dumps([907, row()], separators=(",", ":")), T) == parsed(row())


def test_the_status_of_btc_is_pulse_and_price():
    fields = [T, None, 95_000, 95_001] + [None] * 10 + [95_002.5]
    assert BITFINEX.parse(json.dumps([7, fields]), T) == MarkPrices((("tBTCF0:USTF0", 95_002.5),), T)
    with pytest.raises(ParseError):
        BITFINEX.parse(json.dumps([7, fields[:14]]), T)


@pytest.mark.parametrize("frame", ["[]", "[7]", "7", "null", '"hb"'])
def test_frames_without_a_message_are_malformed(frame):
    with pytest.raises(ParseError):
        BITFINEX.parse(frame, T)


def past(*rows, since=T - 600_000):
    (request,) = BITFINEX.history.requests("derivatives", [], Span(since, T + 1))
    return BITFINEX.history.parse(request, json.dumps([[each] for each in rows]).encode(), T)


def test_rows_of_the_past_have_the_ids_of_the_socket():
    assert past(row(), row(None, match=0)).found.events[0].id == parsed(row()).events[0].id
    assert past(row(), row(match=0)).found.others == ["trigger"]


def test_a_full_answer_is_followed_from_its_oldest_row():
    rows = [row(time_ms=T - number, match=number % 2) for number in range(500)]
    (following,) = past(*rows).following
    assert f"end={T - 499}&" in following.path
    assert not past(*rows[:499]).following
    assert not past(*rows, since=T - 400).following
    assert not past(*[row(time_ms=T + 1)] * 500).following, "an answer of one instant is not asked for for ever"


def test_three_calls_a_minute_are_kept():
    assert BITFINEX.history.every_s > 20
