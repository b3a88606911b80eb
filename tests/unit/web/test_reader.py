import asyncio

from exporter.web.overview import Subject
from exporter.web.reader import BACKLOG, Reader
from tests.events import liquidation

EVERYTHING = Subject(None, None)


class Socket(asyncio.Transport):
    """A transport that only says how much it has still to send."""

    def __init__(self, unsent: int) -> None:
        super().__init__()
        self.unsent = unsent
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.aborted = True


def test_only_what_meets_every_filter_is_wanted():
    reader = Reader({"side": "long", "base": "BTC", "exchange": "binance", "min_usd": 5000.0}, EVERYTHING)
    assert reader.wants(liquidation(notional_usd=5000.0))
    assert not reader.wants(liquidation(notional_usd=4999.99))
    assert not reader.wants(liquidation(side="short"))
    assert not reader.wants(liquidation(base="ETH"))
    assert not reader.wants(liquidation(exchange="bybit"))
    assert Reader({}, EVERYTHING).wants(liquidation(notional_usd=0.01))


async def test_everything_that_waits_is_sent_at_once_in_order():
    reader = Reader({}, EVERYTHING)
    reader.offer(b"one ")
    reader.show(b"old figures")
    reader.offer(b"two ")
    reader.show(b"figures")
    assert await reader.next() == b"one two figures"
    reader.offer(b"three")
    assert await reader.next() == b"three"


async def test_a_reader_that_does_not_keep_up_loses_the_oldest_and_is_told():
    reader = Reader({}, EVERYTHING)
    for number in range(BACKLOG + 3):
        reader.offer(b"%d " % number)
    sent = await reader.next()
    head, _, events = sent.partition(b"\n\n")
    assert head == b'event: lost\ndata: {"events":3}'
    assert events.split() == [b"%d" % number for number in range(3, BACKLOG + 3)]
    reader.offer(b"next")
    assert await reader.next() == b"next"


async def test_silence_is_filled_with_a_comment(monkeypatch):
    monkeypatch.setattr("exporter.web.reader.HEARTBEAT_S", 0.01)
    assert (await Reader({}, EVERYTHING).next()).startswith(b":")


async def test_closing_wakes_the_writer_and_cuts_only_a_stuck_socket():
    idle, stuck = Socket(0), Socket(70_000)
    for socket in (idle, stuck):
        reader = Reader({}, EVERYTHING, socket)
        reader.close()
        assert reader.closed
        assert await reader.next() == b""
    assert not idle.aborted
    assert stuck.aborted
