"""Nothing but a `ParseError` ever leaves a parser, totals are preserved, and reading again changes nothing."""

import copy
import json
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.exchanges import REGISTRY
from exporter.exchanges.base import Liquidations, ParseError, PastRequest, Span
from exporter.model import Instrument
from tests.unit.exchanges.writers import WRITERS, T

FIXTURES = Path(__file__).parents[2] / "fixtures"
LISTED = Instrument("x", "BTC-USDT-SWAP", "BTC", "USDT", "USDT", "perpetual")
EXCHANGES = pytest.mark.parametrize("exchange", REGISTRY.values(), ids=list(REGISTRY))
THOROUGH = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def documented(exchange):
    files = sorted((FIXTURES / exchange.name).glob("*.json"))
    return [json.loads(path.read_text(encoding="utf-8"))["frame"] for path in files]


FRAMES = {name: documented(exchange) for name, exchange in REGISTRY.items()}

numbers = st.one_of(st.floats(), st.integers(), st.integers(2**63 - 2, 2**64 + 2), st.just(10**400))
texts = st.one_of(st.text(max_size=20), st.sampled_from(["0", "-1", "1e999", "nan", "inf", "1_0", "\ud800", "１"]))
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
keys = st.one_of(
    st.sampled_from(["e", "E", "o", "s", "S", "X", "z", "ap", "T", "st", "data", "topic", "ts", "op"]), texts
)
json_trees = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(keys, inner, max_size=6),
    ),
    max_leaves=12,
)


def encode(tree):
    """JSON as a careless program writes it: NaN, Infinity and lone surrogates pass."""
    return json.dumps(tree, ensure_ascii=False)


def places(tree, path=()):
    """Every place inside a JSON tree."""
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in children:
        yield (*path, key)
        yield from places(value, (*path, key))


def survives(exchange, frame):
    """Read a frame or an answer in every way there is; a second reading must say the same."""
    past = exchange.history.requests(exchange.feeds[0].name, [LISTED], Span(T - 600_000, T)) if exchange.history else []
    for request in (None, *exchange.instrument_requests, *past[:1]):
        results = []
        for _ in range(2):
            try:
                body = frame if isinstance(frame, bytes) else frame.encode("utf-8", "surrogatepass")
                if request is None:
                    results.append(exchange.parse(frame, T))
                elif isinstance(request, PastRequest):
                    results.append(exchange.history.parse(request, body, T).found)
                else:
                    results.append(exchange.parse_instruments(request, body))
            except ParseError as error:
                results.append(str(error))
        assert results[0] == results[1]
        if isinstance(results[0], Liquidations):
            for event in results[0].events:
                assert 0 < event.price * event.quantity < math.inf
                assert event.id


@EXCHANGES
@THOROUGH
@given(frame=st.one_of(st.binary(max_size=200), texts))
def test_random_bytes_and_text(exchange, frame):
    survives(exchange, frame)


@EXCHANGES
@THOROUGH
@given(tree=json_trees)
def test_random_json(exchange, tree):
    survives(exchange, encode(tree))


@EXCHANGES
@THOROUGH
@given(data=st.data())
def test_documented_frames_with_parts_dropped_and_replaced(exchange, data):
    frame = copy.deepcopy(data.draw(st.sampled_from(FRAMES[exchange.name])))
    for _ in range(data.draw(st.integers(1, 3))):
        found = list(places(frame))
        if not found:
            break
        *parents, key = data.draw(st.sampled_from(found))
        spot = frame
        for parent in parents:
            spot = spot[parent]
        if data.draw(st.booleans()):
            del spot[key]
        else:
            spot[key] = data.draw(json_trees)
    survives(exchange, encode(frame))


@EXCHANGES
@THOROUGH
@given(data=st.data())
def test_documented_frames_with_bytes_changed(exchange, data):
    frame = bytearray(json.dumps(data.draw(st.sampled_from(FRAMES[exchange.name]))).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    survives(exchange, bytes(frame))


amounts = st.decimals(min_value="0.000001", max_value="10000000", allow_nan=False, places=6).map(str)
rows = st.tuples(st.booleans(), amounts, amounts, st.integers(T, T + 500))


@EXCHANGES
@THOROUGH
@given(drawn=st.lists(rows, max_size=30))
def test_totals_are_preserved(exchange, drawn):
    events = []
    for frame in WRITERS[exchange.name](drawn):
        parsed = exchange.parse(json.dumps(frame), T)
        assert not parsed.rejected
        events += parsed.events
    expected = [("long" if long else "short", float(q), float(p), time_ms) for long, q, p, time_ms in drawn]
    assert [(event.side, event.quantity, event.price, event.time_ms) for event in events] == expected
    assert math.fsum(event.price * event.quantity for event in events) == math.fsum(q * p for _, q, p, _ in expected)
    if exchange.name not in ("binance", "aster"):  # one frame: every row is an event of its own
        assert len({event.id for event in events}) == len(drawn)
