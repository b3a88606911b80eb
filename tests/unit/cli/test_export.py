import json
import sys

import pytest

from exporter.commands import export
from exporter.errors import UserError
from exporter.interchange import event_line, read
from exporter.journal import Batch, Database
from exporter.model import FeedChange
from tests.events import T0, liquidation


@pytest.fixture
def database(tmp_path):
    """Ten events, the fifth of them late, and a feed change before each."""
    database = Database(tmp_path / "journal.db")
    for number in range(10):
        late = {"time_ms": T0, "received_ms": T0 + 4000} if number == 4 else {}
        change = FeedChange(T0 + number * 1000, "binance", "futures", up=number % 2 == 0)
        database.write(Batch([change, liquidation(number, **late)]))
    yield database
    database.close()


def times(lines) -> list[int]:
    return [(json.loads(line)["time_ms"] - T0) // 1000 for line in lines]


def test_events_are_in_the_order_in_which_they_happened(database):
    lines = list(export.events(database, 0, 10**15))
    assert times(lines) == [0, 0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert len(list(read("x", lines))) == 10


def test_the_beginning_is_included_and_the_end_is_not(database):
    assert times(export.events(database, T0 + 2000, T0 + 6000)) == [2, 3, 5]


def test_a_dump_is_the_journal(database):
    lines = list(export.dump(database, 0, 10**15))
    assert list(read("x", lines)) == list(database.records())


@pytest.mark.parametrize("since", range(-1, 12))
@pytest.mark.parametrize("until", [0, 3, 4, 20])
def test_a_part_of_a_dump_is_what_applied_in_that_time(database, since, until):
    first, last = T0 + since * 1000, T0 + until * 1000
    expected = [record for record in database.records() if first <= record.applied_ms < last]
    found = list(read("x", export.dump(database, first, last)))
    if expected and since > 0:
        state = found.pop(0)
        assert state.entry == database.feed_states(expected[0].seq)[0].entry, "what was up when it begins"
        assert (state.applied_ms, state.seq < expected[0].seq) == (expected[0].applied_ms, True)
    assert found == expected


def test_an_empty_journal_gives_nothing(tmp_path):
    database = Database(tmp_path / "empty.db")
    assert list(export.dump(database, 5, 10)) == []
    assert list(export.events(database, 5, 10)) == []
    database.close()


def test_a_file_appears_when_it_is_complete(tmp_path):
    output = tmp_path / "events.jsonl"

    def interrupted():
        yield event_line(liquidation())
        assert not output.exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export.write(interrupted(), output)
    assert list(tmp_path.iterdir()) == []
    export.write(iter([event_line(liquidation())]), output)
    assert [path.name for path in tmp_path.iterdir()] == ["events.jsonl"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(UserError, match="missing/x: cannot be written: No such file or directory"):
        export.write(iter([b"x\n"]), tmp_path / "missing" / "x")


def test_progress_is_counted_for_who_watches(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(export, "PROGRESS_LINES", 2)
    export.write(iter([b"x\n"] * 5), tmp_path / "out")
    shown = capsys.readouterr().err
    assert shown.startswith("\r2 lines\r4 lines\r5 lines in ")
    assert shown.endswith(f" s to {tmp_path}/out\n")
