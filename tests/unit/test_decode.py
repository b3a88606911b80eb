import json
from pathlib import Path

import msgspec
import pytest

from exporter.decode import Problem, decode, load_instruments
from exporter.exchanges import ARCHIVES, REGISTRY
from exporter.model import Instrument, Liquidation

FIXTURES = Path(__file__).parents[1] / "fixtures"
BINANCE, BYBIT = REGISTRY["binance"], REGISTRY["bybit"]
COIN_M = Instrument("binance", "BTCUSD_200925", "BTC", "USD", "BTC", "future", inverse=True, contract_size=100.0)


def frame(exchange, name):
    return json.dumps(json.loads((FIXTURES / exchange / f"{name}.json").read_text(encoding="utf-8"))["frame"])


def answer(tmp_path, exchange, *names):
    file = tmp_path / "answer.json"
    parts = [frame(exchange, name) for name in names]
    file.write_text(parts[0] if len(parts) == 1 else f"[{','.join(parts)}]", encoding="utf-8")
    return file


def test_a_known_instrument_gives_a_whole_event():
    (event,) = decode(BINANCE, [frame("binance", "coinm_all_market")], {COIN_M.name: COIN_M})
    assert msgspec.convert(event, Liquidation) == Liquidation(
        time_ms=1591154240949,
        received_ms=1591154240949,
        exchange="binance",
        instrument="BTCUSD_200925",
        base="BTC",
        quote="USD",
        settle="BTC",
        kind="future",
        side="long",
        price=9496.5,
        price_kind="fill",
        quantity=1.0,
        quantity_unit="contracts",
        base_quantity=100 / 9496.5,
        notional_usd=100.0,
        id="BTCUSD_200925:SELL:1591154240949:9425.5:9496.5:1:1",
    )


def test_an_answer_that_tells_of_liquidations_gives_them():
    (event,) = decode(REGISTRY["dydx"], [frame("dydx", "subscribed")], {})
    assert (event["id"], event["side"], event["quantity"]) == ("trade-000", "long", 0.25)


def test_an_unknown_instrument_leaves_what_follows_from_it_null():
    (event,) = decode(BYBIT, [frame("bybit", "all_liquidation")], {})
    assert list(event) == list(Liquidation.__struct_fields__)
    null = {name for name, value in event.items() if value is None}
    assert null == {"base", "quote", "settle", "kind", "base_quantity", "notional_usd", "usd_rate"}
    assert (event["side"], event["price"], event["quantity"]) == ("short", 0.04499, 20000.0)


def test_a_contract_quoted_in_a_coin_has_no_dollars():
    instrument = Instrument("binance", "BTCUSDT", "BTC", "ETH", "ETH", "perpetual")
    (event,) = decode(BINANCE, [frame("binance", "usdm_all_market")], {"BTCUSDT": instrument})
    assert (event["base"], event["quote"], event["kind"]) == ("BTC", "ETH", "perpetual")
    assert (event["base_quantity"], event["notional_usd"]) == (None, None)


def test_the_time_of_receipt_can_be_given():
    (event,) = decode(BYBIT, [frame("bybit", "all_liquidation")], {}, received_ms=1_800_000_000_000)
    assert event["received_ms"] == 1_800_000_000_000


def test_problems_come_with_their_line_and_the_rest_goes_on():
    good = frame("bybit", "all_liquidation")
    lines = [
        good,
        "",
        "no json\n",
        good.replace('"Sell"', '"Up"').encode() + b"\r\n",
        frame("bybit", "pong"),
        frame("bybit", "ticker_linear_perpetual"),
        '{"topic":"orderbook.1.BTCUSDT"}',
        good,
    ]
    found = list(decode(BYBIT, lines, {}))
    assert [type(item) for item in found] == [dict, Problem, Problem, Problem, dict]
    malformed, refused, other = found[1:4]
    assert (malformed.line, malformed.malformed) == (3, True)
    assert str(malformed).startswith("line 3: malformed frame: ")
    assert (refused.line, refused.malformed) == (4, False)
    assert str(refused).startswith('line 4: row refused, bad side: {"T":')
    assert str(other) == "line 7: a frame of an undocumented kind"


def test_lines_are_taken_one_at_a_time():
    def endless():
        while True:
            yield frame("bybit", "all_liquidation")

    events = decode(BYBIT, endless(), {})
    assert next(events) == next(events)


def test_the_cache_of_the_exporter_is_an_instruments_file(tmp_path):
    file = tmp_path / "instruments.json"
    other = msgspec.structs.replace(COIN_M, exchange="bybit", name="BTCUSDU20")
    file.write_bytes(msgspec.json.encode([COIN_M, other]))
    assert load_instruments(file, BINANCE) == {COIN_M.name: COIN_M}
    assert load_instruments(file, BYBIT) == {other.name: other}


def test_saved_answers_of_the_exchange_are_instruments_files(tmp_path):
    both = answer(tmp_path, "binance", "usdm_exchange_info", "coinm_exchange_info")
    found = load_instruments(both, BINANCE)
    assert found["BTCUSD_200925"] == COIN_M
    assert found["BLZUSDT"].quote == "USDT"
    assert list(load_instruments(answer(tmp_path, "bybit", "instruments_linear"), BYBIT)) == ["BTCUSDT"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "neither instruments nor an instrument answer of binance"),
        (b"[]", "holds no instruments of binance"),
        (b"\xff", "neither"),
        (b"[1]", "neither"),
        (b'{"symbols":1}', "neither"),
        (b'[{"exchange":"binance","name":7}]', "neither"),
        (b"[" * 100_000, "neither"),
    ],
)
def test_a_file_that_is_no_instruments_file_is_named_in_one_line(tmp_path, content, words):
    file = tmp_path / "instruments.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=words) as caught:
        load_instruments(file, BINANCE)
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)


def documented(name):
    """The frames and answers to subscriptions in an exchange's documentation that hold liquidations."""
    for path in sorted((FIXTURES / name).glob("*.json")):
        fixture = json.loads(path.read_text(encoding="utf-8"))
        if fixture["expect"].get("liquidations") and "history" not in fixture["expect"]:
            yield fixture


@pytest.mark.parametrize("name", [*REGISTRY, *ARCHIVES])
def test_documented_frames_are_decoded(name):
    fixtures = list(documented(name))
    lines = [each["frame"] if isinstance(each["frame"], str) else json.dumps(each["frame"]) for each in fixtures]
    decoded = list(decode((REGISTRY | ARCHIVES)[name], lines, {}, received_ms=1_770_000_000_000))
    expected = [row for each in fixtures for row in each["expect"]["liquidations"]]
    assert expected
    told = ("time_ms", "instrument", "side", "price", "price_kind", "quantity", "quantity_unit")
    assert [[event[field] for field in told] for event in decoded] == [
        [row[field] for field in told] for row in expected
    ]
