"""A follower brings every record over, once and in order, whatever its store does, and never troubles anybody else."""

import asyncio
import itertools
from contextlib import asynccontextmanager

import pytest

from exporter.config import Stores
from exporter.followers import Followers
from exporter.journal import Batch
from exporter.signals.readings import LevelChange
from exporter.stores import follower as module
from exporter.stores.base import (
    Cursor,
    Holder,
    LeaseHeldError,
    LeaseLostError,
    Standing,
    StoreFaultError,
    StoreState,
    StoreStatus,
    StoreUnavailableError,
    mark_of,
)
from exporter.stores.follower import Follower
from tests.journals import Grown, change
from tests.unit.metrics.filled import episode


class Memory:
    """A store in memory; `orders` tells what the next calls do: an exception to raise, or a coroutine function."""

    name = "memory"
    batch_records = 10

    def __init__(self):
        self.records = []
        self.cursor = None
        self.orders = []
        self.standings = []
        self.sizes = []
        self.connects = self.closes = self.renewals = 0
        self.news = []
        self.told = 0

    async def connect(self, holder):
        self.connects += 1
        await self._obey("connect")
        return self.cursor

    async def resume(self, standing):
        self.standings.append(standing)
        await self._obey("resume")
        return self.cursor.seq if standing is Standing.SAME else 0

    async def write(self, records):
        await self._obey("write")
        self.records += records
        self.sizes.append(len(records))
        self.cursor = Cursor(self.uuid, records[-1].seq, mark_of(records[-1]))
        await self._obey("written")

    async def tell(self, tellings):
        await self._obey("tell")
        self.news += tellings
        self.told = tellings[-1].number

    async def renew(self):
        self.renewals += 1
        await self._obey("renew")

    async def close(self):
        self.closes += 1

    async def _obey(self, call):
        if self.orders and self.orders[0][0] == call:
            _, order = self.orders.pop(0)
            if isinstance(order, Exception):
                raise order
            await order()


@pytest.fixture
def journal(tmp_path):
    return Grown(tmp_path / "journal.db")


@pytest.fixture
def store(journal):
    memory = Memory()
    memory.uuid = journal.database.uuid
    return memory


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(module, "RETRY_FIRST_S", 0.001)
    monkeypatch.setattr(module, "RETRY_CAP_S", 0.01)
    monkeypatch.setattr(module, "RENEW_S", 0.05)


@asynccontextmanager
async def followed(store, journal):
    """A running follower; it is closed at the end and must then finish by itself."""
    holder = Holder("here", 1, 1, journal.database.uuid)
    running = Follower(store, StoreStatus(), journal.path, holder, lambda: journal.last_seq)
    task = asyncio.create_task(running.run())
    try:
        yield running
    finally:
        running.close()
        async with asyncio.timeout(10):
            await task


async def until(condition, seconds=20):
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.001)


def complete(store, journal):
    return [record.seq for record in store.records] == [record.seq for record in journal.records]


async def test_everything_arrives_in_order_and_in_full_pages(store, journal):
    journal.add(95, repeat=7)
    journal.down_and_up()
    async with followed(store, journal) as follower:
        await until(lambda: follower.status.lag_events == 0 and follower.status.leader)
        assert store.records == journal.records
        assert store.sizes == [10] * 9 + [7]
        assert follower.status.write_seconds.cumulative()[-1] == 10
        assert follower.status.cursor_seq == journal.records[-1].seq
        assert follower.status.last_success_ms


async def test_what_is_committed_arrives_when_woken_and_not_by_a_timer(store, journal, monkeypatch):
    monkeypatch.setattr(module, "RENEW_S", 3600)
    async with followed(store, journal) as follower:
        await until(lambda: follower.status.leader)
        for _ in range(20):
            journal.add(3)
            follower.wake()
            await until(lambda: complete(store, journal))
        assert follower.status.lag_events == 0


async def test_what_comes_while_a_write_runs_goes_with_the_next(store, journal):
    journal.add(1)
    gate = asyncio.Event()
    store.orders = [("write", gate.wait)]
    async with followed(store, journal) as follower:
        await until(lambda: follower.status.leader)
        for _ in range(6):
            journal.add(1)
            follower.wake()
            await asyncio.sleep(0)
        assert follower.status.lag_events == 7
        gate.set()
        await until(lambda: complete(store, journal))
        assert store.sizes == [1, 6]


async def test_numbers_without_a_record_are_no_lag(store, journal):
    events = [record.entry for record in journal.add(5)]
    async with followed(store, journal) as follower:
        await until(lambda: complete(store, journal))
        journal.write(events)  # all of them again: refused, but numbered
        assert journal.last_seq == 10
        follower.wake()
        await until(lambda: follower.status.lag_events == 0)
        assert follower.status.cursor_seq == 5


@pytest.mark.parametrize(
    ("call", "error"),
    [
        *itertools.product(
            ("connect", "resume", "write", "written", "renew"),
            (StoreUnavailableError("gone"), ConnectionResetError("reset")),
        ),
        ("write", ValueError("a defect of ours")),
    ],
)
async def test_a_failure_anywhere_passes_and_nothing_is_lost_or_doubled(store, journal, call, error):
    journal.add(35)
    store.orders = [(call, error)] * 3
    async with followed(store, journal) as follower:
        await until(lambda: not store.orders and follower.status.leader)
        await until(lambda: complete(store, journal))
        assert follower.status.failures == 3
        assert follower.status.reason == ""
        assert store.closes == 3
        assert store.connects == 4


async def test_a_store_that_does_not_answer_is_given_up_and_tried_again(store, journal, said, monkeypatch):
    monkeypatch.setattr(module, "WRITE_S", 0.02)
    monkeypatch.setattr(module, "CONNECT_S", 0.02)
    journal.add(25)
    store.orders = [("connect", asyncio.Event().wait), ("write", asyncio.Event().wait)]
    async with followed(store, journal):
        await until(lambda: complete(store, journal))
    assert said().index("no answer within 0.02 s while connecting") < said().index(
        "no answer within 0.02 s while writing"
    )


async def test_a_fault_is_one_line_and_tried_again_slowly(store, journal, said, monkeypatch):
    monkeypatch.setattr(module, "RETRY_CAP_S", 0.05)
    journal.add(5)
    store.orders = [("connect", StoreFaultError("wrong password; correct it"))] * 3
    async with followed(store, journal) as follower:
        await until(lambda: follower.status.state is StoreState.FAULT)
        assert not follower.status.up
        assert follower.status.lag_events == 5
        await until(lambda: complete(store, journal))
    assert said().count("wrong password; correct it") == 1


async def test_a_standby_waits_and_takes_over(store, journal, said):
    journal.add(5)
    store.orders = [("connect", LeaseHeldError("another exporter writes to it: host alpha"))] * 3
    async with followed(store, journal) as follower:
        await until(lambda: follower.status.state is StoreState.STANDBY)
        assert follower.status.up
        assert not follower.status.leader
        await until(lambda: complete(store, journal))
        assert follower.status.failures == 0, "waiting is no failure"
    assert said().count("host alpha") == 1


async def test_a_leader_that_was_away_becomes_a_standby(store, journal):
    journal.add(5)
    store.orders = [("write", LeaseLostError("taken")), ("connect", LeaseHeldError("held"))]
    async with followed(store, journal) as follower:
        await until(lambda: follower.status.state is StoreState.STANDBY)
        await until(lambda: complete(store, journal))


async def test_the_lease_is_renewed_while_nothing_happens_and_while_nothing_is_new(store, journal):
    async with followed(store, journal) as follower:
        await until(lambda: store.renewals >= 3)
        before = store.renewals
        events = [record.entry for record in journal.add(1)]

        def woken_without_news():
            journal.write(events)
            follower.wake()
            return store.renewals >= before + 3

        await until(woken_without_news)


async def test_closing_brings_over_what_is_there(store, journal):
    async with followed(store, journal) as follower:
        await until(lambda: follower.status.leader)
        journal.add(123)
    assert complete(store, journal)
    assert store.closes == 1


async def test_closing_does_not_wait_for_a_store_that_fails(store, journal):
    journal.add(5)
    store.orders = [("connect", StoreUnavailableError("gone"))] * 1000
    async with followed(store, journal) as follower:
        await until(lambda: follower.status.state is StoreState.DOWN)
    assert store.records == []


async def test_what_the_journal_may_forget(store, journal, tmp_path):
    """Nothing while a store has not said where it is; then all before the record at its cursor."""
    config = Stores()
    followers = Followers(config, journal.path, Holder("here", 1, 1, "x"), {}, lambda: journal.last_seq)
    assert followers.keep_after(100) == 100, "no store is configured"
    for name, seq in (("redis", None), ("timescale", 50)):
        followers.statuses[name] = StoreStatus()
        followers.statuses[name].cursor_seq = seq
    assert followers.keep_after(100) == -1
    followers.statuses["redis"].cursor_seq = 70
    assert followers.keep_after(100) == 49
    assert followers.cursors() == {"redis": 70, "timescale": 50}


async def test_a_store_that_starts_over_is_believed_before_it_is_sent_anything(store, journal):
    """What the journal remembers of a store that was emptied since would let it prune what that store needs."""
    journal.add(30)
    gate = asyncio.Event()
    store.orders = [("resume", gate.wait)]
    status = StoreStatus()
    status.cursor_seq = 25
    holder = Holder("here", 1, 1, journal.database.uuid)
    follower = Follower(store, status, journal.path, holder, lambda: journal.last_seq)
    task = asyncio.create_task(follower.run())
    await until(lambda: store.standings == [Standing.NEW])
    assert status.cursor_seq == 0
    gate.set()
    await until(lambda: complete(store, journal))
    follower.close()
    await task


@pytest.mark.parametrize(
    ("cursor", "standing"),
    [
        (None, Standing.NEW),
        (("other", 5, "x"), Standing.FOREIGN),
        (("own", 5, ""), Standing.BEHIND),
        (("own", 10, ""), Standing.SAME),
        (("own", 20, "right"), Standing.SAME),
        (("own", 20, "of another record"), Standing.AHEAD),
        (("own", 21, "of a number without a record"), Standing.AHEAD),
        (("own", 999, "x"), Standing.AHEAD),
        (("own", 999, ""), Standing.AHEAD),
    ],
)
async def test_standing(store, journal, cursor, standing):
    events = [record.entry for record in journal.add(20)]
    journal.write(events[:1])
    journal.add(5)
    journal.checkpoint()
    journal.database.prune(1 << 60, 0, 10)
    if cursor:
        uuid, seq, mark = cursor
        there = next((record for record in journal.records if record.seq == seq), None)
        mark = mark_of(there) if mark == "right" else mark
        store.cursor = Cursor(journal.database.uuid if uuid == "own" else uuid, seq, mark)
    async with followed(store, journal):
        await until(lambda: store.standings == [standing])


async def test_what_the_signals_told_of_comes_over_after_the_records(store, journal):
    journal.add(25)
    async with followed(store, journal) as running:
        await until(lambda: len(store.records) == 25)
        for number in range(1, 4):
            journal.database.write(Batch(news=[episode("BTC", "long", level=2), change("BTC", number)]))
            running.wake()
            await until(lambda number=number: store.told >= 2 * number)
        assert [each.news.level for each in store.news if isinstance(each.news, LevelChange)] == [1, 2, 3]


async def test_a_telling_that_failed_is_told_again(store, journal):
    store.orders = [("tell", StoreUnavailableError("gone")), ("tell", OSError("reset"))]
    journal.add(3)
    journal.database.write(Batch(news=[change("BTC", 1), change("ETH", 2)]))
    async with followed(store, journal):
        await until(lambda: store.told == 2)
    assert [each.news.base for each in store.news] == ["BTC", "ETH"]
