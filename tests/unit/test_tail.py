"""The newest records in memory."""

from exporter.model import Record
from exporter.stores.tail import KEPT, Tail
from tests.events import T0, liquidation


def records(*seqs):
    return [Record(seq, T0 + seq, liquidation(id=str(seq))) for seq in seqs]


def test_what_came_before_the_first_commit_is_in_the_file_only():
    tail = Tail()
    assert tail.read(0, 10) is None
    tail.add(records(7, 8, 10))
    assert tail.read(5, 10) is None
    assert tail.read(6, 10) == records(7, 8, 10)
    assert tail.read(6, 2) == records(7, 8)


def test_numbers_that_no_record_has_are_passed_over():
    tail = Tail()
    tail.add(records(7, 8, 10))
    tail.add([])
    assert tail.read(8, 10) == tail.read(9, 10) == records(10)
    assert tail.read(10, 10) == [], "nothing newer, and the file has nothing newer either"


def test_only_the_newest_are_held_and_nothing_is_left_out():
    tail, count = Tail(), 5 * KEPT
    for first in range(1, count, 1000):
        tail.add(records(*range(first, first + 1000)))
    oldest = next(seq for seq in range(count) if tail.read(seq, 1) is not None)
    assert count - 2 * KEPT <= oldest <= count - KEPT
    assert [record.seq for record in tail.read(oldest, count)] == list(range(oldest + 1, count + 1))
