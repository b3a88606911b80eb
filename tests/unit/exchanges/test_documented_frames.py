"""Every frame and answer that the exchanges' documentation shows gives what it documents."""

import json
from pathlib import Path

import msgspec
import pytest

from exporter.exchanges import ARCHIVES, REGISTRY
from exporter.exchanges.base import (
    Ack,
    InstrumentRequest,
    Known,
    Liquidations,
    MarkPrices,
    PastRequest,
    Reply,
    Span,
)
from exporter.model import Instrument

FIXTURES = Path(__file__).parents[2] / "fixtures"
FILES = sorted(FIXTURES.glob("*/*.json"))
RECEIVED_MS = 1_770_000_000_000


def name_of(path):
    return f"{path.parent.name}-{path.stem}"


def parsed_as_fixture(exchange, frame):
    """What a parser returned, in the words of a fixture's `expect`."""
    text = frame if isinstance(frame, str) else json.dumps(frame)
    match exchange.parse(text, RECEIVED_MS):
        case Liquidations() as found:
            return liquidations_as_fixture(exchange, found)
        case Reply(frame, time_ms):
            return {"reply": json.loads(frame), "time_ms": time_ms}
        case MarkPrices(prices, time_ms):
            return {"mark_prices": [list(price) for price in prices], "time_ms": time_ms}
        case Ack(key, ok, message, found):
            told = liquidations_as_fixture(exchange, found) if found else {}
            return {"ack": {"key": key, "ok": ok, "message": message}} | told
        case Known(what):
            return {"known": what}
        case other:
            return {"other": repr(other)}


def liquidations_as_fixture(exchange, found):
    assert not found.rejected
    assert {event.received_ms for event in found.events} <= {RECEIVED_MS}
    assert {event.exchange for event in found.events} <= {exchange.name}
    hidden = {"received_ms", "exchange", "id"}
    rows = [msgspec.structs.asdict(event) for event in found.events]
    others = {"others": list(found.others)} if found.others else {}
    return {"liquidations": [{k: v for k, v in row.items() if k not in hidden} for row in rows]} | others


def history_as_fixture(exchange, frame, path):
    """What a parser makes of an answer about the past that asked for all time."""
    request = PastRequest("rest", path, Span(0, RECEIVED_MS), "everything")
    page = exchange.history.parse(request, json.dumps(frame).encode(), RECEIVED_MS)
    return {"history": path} | liquidations_as_fixture(exchange, page.found)


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
    exchange = (REGISTRY | ARCHIVES)[path.parent.name]
    expect = fixture["expect"]
    if "history" in expect:
        assert history_as_fixture(exchange, fixture["frame"], expect["history"]) == expect
    elif "instruments" in expect:
        expect["instruments"] = [msgspec.structs.asdict(Instrument(**row)) for row in expect["instruments"]]
        assert answer_as_fixture(exchange, fixture["frame"], expect["request"]) == expect
    else:
        assert parsed_as_fixture(exchange, fixture["frame"]) == expect


def test_every_exchange_shows_its_documented_liquidations():
    for name in REGISTRY | ARCHIVES:
        frames = [json.loads(path.read_text()) for path in FILES if path.parent.name == name]
        assert any("liquidations" in frame["expect"] for frame in frames)
        assert all(frame["source"] for frame in frames)
