import json

import msgspec
import pytest

from exporter.model import Liquidation
from exporter.simulator import past, truthfile

UNTIL_MS = 1_763_640_012_345


@pytest.fixture(scope="module")
def events():
    return [truthfile.as_truth(event, certain=number % 2 == 0) for number, event in enumerate(past(1, UNTIL_MS, 1))]


def test_what_was_written_is_read_back(events, tmp_path):
    truthfile.write(tmp_path / "truth.jsonl", events)
    assert truthfile.read(tmp_path / "truth.jsonl") == events
    assert [path.name for path in tmp_path.iterdir()] == ["truth.jsonl"]


def test_lines_are_in_the_order_that_replay_wants(events, tmp_path):
    truthfile.write(tmp_path / "truth.jsonl", events[::-1])
    times = [event.time_ms for event in truthfile.read(tmp_path / "truth.jsonl")]
    assert times == sorted(times)


def test_lines_have_the_form_of_an_event_and_whether_it_is_certain(events, tmp_path):
    truthfile.write(tmp_path / "truth.jsonl", events)
    with (tmp_path / "truth.jsonl").open() as file:
        first = json.loads(next(file))
    assert list(first) == [*Liquidation.__struct_fields__, "certain"]


def test_a_failed_write_leaves_the_earlier_file(events, tmp_path):
    path = tmp_path / "truth.jsonl"
    truthfile.write(path, events[:1])
    with pytest.raises(TypeError):
        truthfile.write(path, [events[1], msgspec.structs.replace(events[2], id=object())])
    assert truthfile.read(path) == events[:1]


def test_a_truncated_file_is_an_error(events, tmp_path):
    path = tmp_path / "truth.jsonl"
    truthfile.write(path, events)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(msgspec.DecodeError):
        truthfile.read(path)
