"""A journal that a new machine was given holds totals of events that it never had: what follows from that."""

import asyncio

from exporter.check import Verdict, check
from exporter.check.timescale import TimescaleSource
from exporter.config import load
from exporter.takeover import take_over
from tests.history import History, following, settled
from tests.journals import DAY_MS, Grown

OLD_DAYS = 40
"""Longer ago than a journal keeps events."""


async def restored(history, journal, path):
    """A second machine's journal, made from a history of which a part is too old to be copied."""
    journal.add(300, oldest_ms=OLD_DAYS * DAY_MS, newest_ms=35 * DAY_MS)
    journal.add(200, oldest_ms=DAY_MS)
    async with following(history.store(journal), journal) as store:
        await settled(store, history)
    config = load(None, {"LIQ_STORES_TIMESCALE_URL": history.address}, {})
    await take_over(config, path, asyncio.Event())
    return Grown(path, seed=2), config


async def test_it_agrees_with_itself_and_with_the_database(history, journal, tmp_path):
    new, config = await restored(history, journal, tmp_path / "new.db")
    report = await check(new.path, config, [TimescaleSource(history.address)])
    for source in report.sources:
        assert source.verdict is Verdict.EQUAL, (source.source, source.reason, source.differences[:3])
    assert report.sources[0].events == 500


async def test_an_empty_database_is_given_the_totals_of_what_it_never_had(history, journal, tmp_path, server):
    new, config = await restored(history, journal, tmp_path / "new.db")
    empty = History(server, server.new_database())
    async with following(empty.store(new), new) as store:
        await settled(store, empty)
    report = await check(new.path, config, [TimescaleSource(empty.address)])
    timescale = report.sources[1]
    assert timescale.verdict is Verdict.EQUAL, (timescale.reason, timescale.differences[:3])
