"""How a follower reads the journal: page by page, on a read-only connection, in a thread of its own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from exporter.journal import Database, Telling
from exporter.model import Record
from exporter.stores.base import Cursor, Standing, mark_of
from exporter.stores.tail import Tail

Answer = TypeVar("Answer")


class Pages:
    """The journal at `path` for one reader; what is in `tail` is not read from the file.

    The file is opened at the first question and again after an error; `sqlite3.Error` and `JournalError` come through.
    """

    def __init__(self, path: Path, name: str, tail: Tail) -> None:
        self._path = path
        self._tail = tail
        self._database: Database | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"follower-{name}")

    async def read(self, after_seq: int, limit: int) -> list[Record]:
        """Return the records after a sequence number, oldest first."""
        held = self._tail.read(after_seq, limit)
        return await self._ask(lambda database: database.read(after_seq, limit)) if held is None else held

    async def tellings(self, after: int, limit: int) -> list[Telling]:
        """Return what the signals told of after a number, oldest first."""
        return await self._ask(lambda database: database.tellings(after, limit))

    async def standing(self, cursor: Cursor | None) -> Standing:
        """Tell how a store's cursor relates to this journal."""
        return await self._ask(lambda database: standing(database, cursor))

    def close(self) -> None:
        """Close the file; a question that is being answered is waited for."""
        self._thread.submit(self._forget)
        self._thread.shutdown()

    async def _ask(self, question: Callable[[Database], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, question)

    def _answer(self, question: Callable[[Database], Answer]) -> Answer:
        try:
            if self._database is None:
                self._database = Database(self._path, readonly=True)
            return question(self._database)
        except BaseException:
            self._forget()
            raise

    def _forget(self) -> None:
        database, self._database = self._database, None
        if database:
            database.close()


def standing(database: Database, cursor: Cursor | None) -> Standing:
    """Tell how a store's cursor relates to a journal that was opened just now or before."""
    if cursor is None:
        return Standing.NEW
    if cursor.uuid != database.uuid:
        return Standing.FOREIGN
    if cursor.seq < database.pruned_seq():
        return Standing.BEHIND
    if not cursor.mark:
        return Standing.SAME if cursor.seq <= database.newest_seq() else Standing.AHEAD
    there = database.read(cursor.seq - 1, 1)
    same = there and there[0].seq == cursor.seq and mark_of(there[0]) == cursor.mark
    return Standing.SAME if same else Standing.AHEAD
