import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import UserError
from exporter.interchange import HORIZON_MS, combined, dump_line, event_line, read
from exporter.model import FeedChange, Record
from tests.events import T0, liquidation


def lines(*events):
    return [event_line(event) for event in events]


def failure(content: list[bytes]) -> str:
    with pytest.raises(UserError) as caught:
        list(read("some.jsonl", content))
    return str(caught.value)


def test_events_survive_the_round_trip():
    events = [liquidation(number) for number in range(3)]
    records = list(read("x", lines(*events)))
    assert [record.entry for record in records] == events
    assert [record.applied_ms for record in records] == [event.time_ms for event in events]


def test_a_dump_survives_the_round_trip():
    change = FeedChange(T0, "bybit", "linear", up=False, reason="unclean stop")
    records = [Record(3, T0, change), Record(4, T0, liquidation()), Record(9, T0 + 5, liquidation(1, side="short"))]
    dump = [dump_line(record) for record in records]
    assert list(read("x", dump)) == records
    assert [sorted(json.loads(line)) for line in dump] == [
        ["applied_ms", "feed_change", "seq"],
        ["applied_ms", "event", "seq"],
        ["applied_ms", "event", "seq"],
    ]


def test_an_event_applies_neither_before_the_one_before_nor_after_it_was_received():
    early = liquidation(0, time_ms=T0 + 500, received_ms=T0 + 400)
    later = liquidation(1, time_ms=T0 + 600, received_ms=T0 + 300)
    assert [record.applied_ms for record in read("x", lines(early, later))] == [T0 + 400, T0 + 400]


def test_further_keys_and_blank_lines_are_left_alone():
    truth = msgspec.json.encode(msgspec.structs.asdict(liquidation()) | {"certain": False})
    assert [record.entry for record in read("x", [b"\n", truth + b"\n", b"  \n"])] == [liquidation()]


def test_the_last_line_needs_no_line_feed():
    assert len(list(read("x", [event_line(liquidation()).rstrip()]))) == 1


def test_a_line_that_is_cut_off_is_named():
    whole, cut = lines(liquidation(0), liquidation(1))
    assert failure([whole, cut[:40]]) == (
        "some.jsonl: line 2 is cut off; copy the file again, or delete this last line"
    )


def test_a_dump_line_that_is_cut_off_is_named():
    line = dump_line(Record(1, T0, liquidation()))
    assert "line 1 is cut off" in failure([line[:30]])
    assert "line 2 is cut off" in failure([line, line[:-3]])


@pytest.mark.parametrize(
    ("line", "part"),
    [
        (b"nonsense\n", "JSON is malformed"),
        (b"[]\n", "Expected `object`, got `array`"),
        (b"{}\n", "missing required field `time_ms`"),
        (b'{"event": 5, "seq": 1, "applied_ms": 1}\n', "a record of a journal dump"),
        (b"\xff\xfe\n", "is not a liquidation event"),
        (b'"' + b"[" * 10 + b'"\n', "Expected `object`"),
    ],
)
def test_a_malformed_line_is_named_with_what_is_wrong(line, part):
    message = failure([b"\n", line])
    assert message.startswith("some.jsonl: line 2 is not ")
    assert part in message


def test_an_event_without_its_size_names_the_way_out():
    half = msgspec.json.encode(msgspec.structs.asdict(liquidation()) | {"base": None, "notional_usd": None})
    assert "decode it again with --instruments" in failure([half + b"\n"])


@pytest.mark.parametrize("field", ["price", "quantity", "base_quantity", "notional_usd", "usd_rate"])
def test_negative_sizes_are_refused(field):
    assert failure(lines(liquidation(**{field: -1.0}))) == f"some.jsonl: line 1 has a negative {field}"


@pytest.mark.parametrize("time_ms", [-1, 1_790_000_000_000_000])
def test_a_time_in_another_unit_is_refused(time_ms):
    assert "which is not in Unix milliseconds" in failure(lines(liquidation(time_ms=time_ms)))


def test_an_event_out_of_order_is_named():
    assert failure(lines(liquidation(5), liquidation(6), liquidation(4))) == (
        "some.jsonl: line 3 is earlier than the line before it; sort the file by time_ms"
    )


@pytest.mark.parametrize(("seq", "applied_ms"), [(2, T0 + 10), (1, T0 + 10), (3, T0 - 1)])
def test_a_dump_out_of_order_is_named(seq, applied_ms):
    dump = [dump_line(Record(2, T0, liquidation(0))), dump_line(Record(seq, applied_ms, liquidation(1)))]
    assert "line 2 is not in the journal's order" in failure(dump)


def test_dumps_and_event_files_cannot_be_joined():
    event, record = event_line(liquidation(1)), dump_line(Record(2, T0, liquidation(0)))
    assert "line 2 is not a record of a journal dump" in failure([record, event])
    assert "line 2 is not a liquidation event" in failure([event, record])
    both = msgspec.json.encode({"seq": 3, "applied_ms": T0 + 10})
    assert "line 2 holds neither an event nor a feed change" in failure([record, both + b"\n"])


def test_overlapping_files_count_every_event_once_in_order():
    events = [liquidation(number) for number in range(6)]
    sources = [read("a", lines(*events[:4])), read("b", lines(*events[2:]))]
    assert [record.entry for record in combined(sources)] == events


def test_a_dump_and_an_event_file_of_the_same_time_add_up_right():
    late = liquidation(0, id="late", received_ms=T0 + HORIZON_MS // 2)
    dump = [dump_line(Record(1, T0 + HORIZON_MS // 2, late))]
    assert len(list(combined([read("a", dump), read("b", lines(late))]))) == 1


def test_repetitions_are_recognised_across_a_turn_of_the_horizon():
    before, after = liquidation(0), liquidation(1, time_ms=T0 + HORIZON_MS, id="id-0")
    assert len(list(combined([read("a", lines(before, after))]))) == 1


def test_the_same_id_on_two_exchanges_is_two_events():
    events = [liquidation(0), liquidation(0, exchange="bybit")]
    assert len(list(combined([read("a", lines(*events))]))) == 2


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_garbage_gives_one_readable_line_and_nothing_else(garbage):
    content = [line + b"\n" for line in garbage]
    if b"".join(content).strip():
        assert re.match(r"some\.jsonl: line \d+ ", failure(content))
    else:
        assert list(read("x", content)) == []
