"""Every frame and answer that the exchanges' documentation shows gives what it documents."""

import json
from pathlib import Path

import msgspec
import pytest

from exporter.exchanges import REGISTRY
from exporter.exchanges.base import Ack, InstrumentRequest, Known, Liquidations, MarkPrices

FIXTURES = Path(__file__).parents[2] / "fixtures"
FILES = sorted(FIXTURES.glob("*/*.json"))
RECEIVED_MS = 1_770_000_000_000


def name_of(path):
    return f"{path.parent.name}-{path.stem}"


def parsed_as_fixture(exchange, frame):
    """What a parser returned, in the words of a fixture's `expect`."""
    match exchange.parse(json.dumps(frame), RECEIVED_MS):
        case Liquidations(events, rejected):
            assert not rejected
            assert {event.received_ms for event in events} == {RECEIVED_MS}
            assert {event.exchange for event in events} == {exchange.name}
            hidden = {"received_ms", "exchange", "id"}
            rows = [msgspec.structs.asdict(event) for event in events]
            return {"liquidations": [{k: v for k, v in row.items() if k not in hidden} for row in rows]}
        case MarkPrices(prices, time_ms):
            return {"mark_prices": [list(price) for price in prices], "time_ms": time_ms}
        case Ack(key, ok, message):
            return {"ack": {"key": key, "ok": ok, "message": message}}
        case Known(what):
            return {"known": what}
        case other:
            return {"other": repr(other)}


def answer_as_fixture(exchange, frame, path):
    request = InstrumentRequest("rest", path, "feed")
    page = exchange.parse_instruments(request, json.dumps(frame).encode())
    following = page.next_request
    if following is not None:
        assert (following.endpoint, following.feed) == (request.endpoint, request.feed)
    return {
        "request": path,
        "instruments": [msgspec.structs.asdict(instrument) for instrument in page.instruments],
        "next": following.path if following else None,
    }


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_documented_frame(path):
    fixture = json.loads(path.read_text(encoding="utf-8"))
    exchange = REGISTRY[path.parent.name]
    expect = fixture["expect"]
    if "instruments" in expect:
        assert answer_as_fixture(exchange, fixture["frame"], expect["request"]) == expect
    else:
        assert parsed_as_fixture(exchange, fixture["frame"]) == expect


def test_every_exchange_shows_its_documented_liquidations():
    for name in REGISTRY:
        frames = [json.loads(path.read_text()) for path in FILES if path.parent.name == name]
        assert any("liquidations" in frame["expect"] for frame in frames)
        assert all(frame["source"] for frame in frames)
