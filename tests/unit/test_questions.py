"""Questions to the journal while it is being written."""

import asyncio

from exporter.exchanges.base import Span
from exporter.journal import Checkpoint, Database, Journal, JournalStatus
from exporter.questions import Reader
from tests.events import T0, liquidation


async def test_a_span_has_what_was_received_even_where_the_disk_is_slow(tmp_path):
    """A back-fill that does not see a row of the socket counts its twin as well."""
    path = tmp_path / "journal.db"
    journal = Journal(
        Database(path),
        JournalStatus(),
        queue_events=10,
        on_commit=lambda committed: None,
        checkpoint=lambda: Checkpoint(0, []),
    )
    reader = Reader(path, journal.written)
    journal.append(liquidation(0))
    question = asyncio.create_task(reader.events("binance", Span(T0, T0 + 1)))
    assert not (await asyncio.wait([question], timeout=0.2))[0], "nobody has begun to write"
    writing = asyncio.create_task(journal.run())
    assert [event.id for event in await question] == ["id-0"]
    journal.close()
    await writing
    reader.close()
