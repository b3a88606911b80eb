"""Redis: the newest state for other programs, always exactly that of one record of the journal.

`docs/storage.md` describes the keys. Every write is one atomic script: totals and price levels as absolute values,
events under stream ids that follow from their sequence numbers, and the cursor. The script refuses when the cursor is
not where this side left it (flushed, restored from an old file, failed over to a replica that lagged) or when a hash
does not have the fields it should have; then everything is compared, and rewritten where that is the way out. While it
is rewritten, which takes many calls, `liq:meta` says so and has no cursor.
"""

import asyncio
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from exporter.journal import JournalError, Telling
from exporter.model import Liquidation, Record
from exporter.stores.base import (
    Cursor,
    Holder,
    LeaseHeldError,
    LeaseLostError,
    Standing,
    StoreFaultError,
    StoreUnavailableError,
    held_by,
)
from exporter.stores.redis_cascades import CascadeStates, messages, states_at
from exporter.stores.redis_contents import REPLACE, Contents, Hash, Step
from exporter.stores.redis_journal import RECENT_EVENTS, contents_at, newest_contents
from exporter.stores.redis_link import EXCHANGES, EXPECTED, META, RECENT, Head, Link, other_type

log = structlog.get_logger()

SCHEMA = "1"
BATCH_RECORDS = 200
"""Events in one call of the script: about 3 ms of the server's time."""
CALL_FIELDS = 1500
"""Fields in one call while everything is rewritten: as much time."""
AUDIT_HASHES = 500
"""Hashes whose presence is checked with every renewal of the lease."""

_encoder = msgspec.json.Encoder()


class RedisStore:
    """The Redis at `address`, following the journal at the path `journal`."""

    name = "redis"
    batch_records = BATCH_RECORDS

    def __init__(self, address: str, journal: Path) -> None:
        self._address = address
        self._journal = journal
        self._link: Link | None = None
        self._cursor: Cursor | None = None
        self._found: tuple[str, ...] = ()
        self._rewrite_id = ""
        self._contents: Contents | None = None
        self._trusted = True
        """False once Redis was found to differ from the contents at the same cursor."""
        self._well = False
        """Whether the last call succeeded; after a failure the lease is kept, so that this exporter goes on with it."""
        self._audited = 0
        self._uuid = ""
        self._states = CascadeStates()
        self._told: int | None = None
        """Up to which telling Redis had everything when it was connected to; None where that is not known."""
        self._published = 0
        """Up to which telling this process has published; 0 before the first."""

    async def connect(self, holder: Holder) -> Cursor | None:
        """Connect and take the lease; the cursor is that of the journal that was followed last."""
        self._uuid = holder.journal
        self._well = False
        link = self._link = Link(self._address, msgspec.json.encode(holder).decode())
        await link.check()
        self._judge(await link.take_lease())
        meta = await link.meta()
        if meta.get("schema", SCHEMA) != SCHEMA:
            raise StoreFaultError(
                f"{META} was written by a newer version (schema {meta['schema']}, this one knows {SCHEMA})"
            )
        self._found = tuple(meta.get(field, "") for field in EXPECTED)
        self._rewrite_id = meta.get("rewrite", "")
        self._cursor = _cursor(meta)
        known = meta.get("journal") == self._uuid and meta.get("told", "").isdecimal()
        self._told = int(meta["told"]) if known else None
        self._well = True
        return self._cursor

    @property
    def told(self) -> int:
        """Up to which telling Redis has everything."""
        return self._states.number

    async def resume(self, standing: Standing) -> int:
        """Get contents and states of the cascades ready."""
        if standing not in (Standing.SAME, Standing.BEHIND):
            self._told = None
        seq = await self._resume(standing)
        await self._resume_states()
        return seq

    async def _resume(self, standing: Standing) -> int:
        """Find or rebuild the contents as of the cursor, or rewrite everything as of the journal's newest record."""
        if standing is not Standing.SAME or self._cursor is None or not self._trusted:
            return await self._rewrite(keep_stream=False)
        known, self._contents = self._contents, None
        contents = await asyncio.to_thread(contents_at, self._journal, self._cursor, known)
        if contents is None:
            return await self._rewrite(keep_stream=True)
        self._contents = contents
        try:
            await self._audit(contents, list(contents.fields))
        except _DiffersError:
            return await self._rewrite(keep_stream=False)
        return contents.seq

    async def write(self, records: Sequence[Record]) -> None:
        """Take the next records in one atomic call."""
        contents = self._following()
        step = Step(contents, records)
        head = Head(
            self._expected(contents),
            ["seq", str(step.seq), "mark", step.mark],
            exchanges=sorted({event.exchange for _, event in step.events}),
            hashes=step.hashes(),
        )
        await self._call(head, step.events)
        step.commit()

    async def tell(self, tellings: Sequence[Telling]) -> None:
        """Show what is known of the cascades by now, and publish the changes of level, in one atomic call.

        States and number change first: after a failure both are read from the journal again.
        """
        contents = self._following()
        hashes = self._states.hashes(self._states.take(tellings))
        told = ["told", str(self._states.number)]
        await self._call(Head(self._expected(contents), told, hashes=hashes, publish=messages(tellings)))
        self._published = self._states.number

    async def renew(self) -> None:
        """Renew the lease, and look whether everything is still there."""
        contents = self._following()
        names = list(contents.fields)[self._audited : self._audited + AUDIT_HASHES]
        self._audited = self._audited + AUDIT_HASHES if len(names) == AUDIT_HASHES else 0
        await self._audit(contents, names)

    async def close(self) -> None:
        """Disconnect; the lease is given back unless something just failed."""
        link, self._link = self._link, None
        if link:
            await link.close(release=self._well)
        self._well = False

    async def _resume_states(self) -> None:
        """Go on after the last telling that Redis has; where that is not known, publish nothing of the past."""
        contents = self._following()
        last = (self._published or None) if self._told is None else self._told
        try:
            self._states = await asyncio.to_thread(states_at, self._journal, last)
        except (sqlite3.Error, JournalError) as error:
            raise StoreUnavailableError(f"the journal cannot be read: {error}") from None
        if self._told is not None:
            return
        strangers = [name async for names in self._hashes("liq:cascade:*") for name in names]
        gone: list[Hash] = [(name, REPLACE, []) for name in strangers if name not in self._states.keys()]  # noqa: SIM118
        for portion in _portions(gone + self._states.hashes()):
            await self._call(Head(self._expected(contents), [], hashes=portion))
        await self._call(Head(self._expected(contents), ["told", str(self._states.number)]))
        self._published = self._states.number

    def _following(self) -> Contents:
        if self._contents is None:
            raise StoreUnavailableError("not connected")
        return self._contents

    def _expected(self, contents: Contents) -> tuple[str, ...]:
        return "ready", contents.journal, str(contents.seq), self._rewrite_id

    async def _audit(self, contents: Contents, names: Sequence[str]) -> None:
        """Renew the lease; raises `_DiffersError` when a hash has not the number of fields that it should have."""
        hashes: list[Hash] = [(name, contents.fields[name], []) for name in names]
        await self._call(Head(self._expected(contents), ["schema", SCHEMA], hashes=hashes))

    async def _rewrite(self, *, keep_stream: bool) -> int:
        """Write everything as of the journal's newest record: in many calls, the cursor with the last one."""
        started = time.monotonic()
        self._contents = None
        after = self._cursor.seq if keep_stream and self._cursor else 0
        contents, events = await asyncio.to_thread(newest_contents, self._journal, self._uuid, after)
        self._rewrite_id = secrets.token_hex(4)
        expected = ("rebuilding", self._uuid, "", self._rewrite_id)
        begun = ["schema", SCHEMA, "state", "rebuilding", "journal", self._uuid, "rewrite", self._rewrite_id]
        stale = [EXCHANGES] if keep_stream else [EXCHANGES, RECENT]
        exchanges = sorted(contents.exchanges)
        gone = ["seq", "mark"] if self._told is not None else ["seq", "mark", "told"]
        await self._call(Head(self._found, begun, unset=gone, delete=stale, exchanges=exchanges))
        for portion in _portions(contents.hashes()):
            await self._call(Head(expected, [], hashes=portion))
        await self._remove_strangers(contents, expected)
        for start in range(0, len(events), BATCH_RECORDS):
            await self._call(Head(expected, []), events[start : start + BATCH_RECORDS])
        ready = ["state", "ready", "seq", str(contents.seq), "mark", contents.mark]
        await self._call(Head(expected, ready))
        self._contents, self._trusted = contents, True
        seconds, hashes = round(time.monotonic() - started, 2), len(contents.fields)
        log.info("redis rewritten", seq=contents.seq, hashes=hashes, events=len(events), seconds=seconds)
        return contents.seq

    async def _remove_strangers(self, contents: Contents, expected: tuple[str, ...]) -> None:
        """Delete the hashes of coins that this journal does not know."""
        for pattern in ("liq:totals:*", "liq:levels:*"):
            async for names in self._hashes(pattern):
                strangers: list[Hash] = [(name, REPLACE, []) for name in names if name not in contents.fields]
                await self._call(Head(expected, [], hashes=strangers))

    def _hashes(self, pattern: str) -> AsyncIterator[list[str]]:
        if self._link is None:
            raise StoreUnavailableError("not connected")
        return self._link.hashes(pattern)

    async def _call(self, head: Head, events: Sequence[tuple[int, Liquidation]] = ()) -> None:
        """Call the script; it is the one place where anything is written."""
        if self._link is None:
            raise StoreUnavailableError("not connected")
        head.keep = RECENT_EVENTS
        head.ids = [f"{seq}-0" for seq, _ in events]
        lines = _encoder.encode_lines([event for _, event in events])
        self._well = False
        answer = await self._link.write(head, lines)
        if answer[0] == "lease":
            raise LeaseLostError(_holder(answer[1]))
        self._judge(answer)
        self._well = True

    def _judge(self, answer: list[str]) -> None:
        """Raise what an answer of a script stands for."""
        match answer:
            case ["ok"]:
                return
            case ["lease", holder]:
                raise LeaseHeldError(_holder(holder))
            case ["type", key]:
                raise other_type(key)
            case ["differs", key]:
                self._trusted = False
                raise _DiffersError(f"{key} is not as it was written; everything is written anew")
            case _:
                raise StoreUnavailableError("its data is gone, or older than it was")


class _DiffersError(StoreUnavailableError):
    """Redis does not hold what was written to it."""


def _portions(hashes: Iterable[Hash]) -> Iterator[list[Hash]]:
    """Split into parts of about `CALL_FIELDS` fields."""
    portion: list[Hash] = []
    fields = 0
    for each in hashes:
        portion.append(each)
        fields += len(each[2])
        if fields >= 2 * CALL_FIELDS:
            yield portion
            portion, fields = [], 0
    if portion:
        yield portion


def _cursor(meta: Mapping[str, str]) -> Cursor | None:
    """Read the cursor; there is none while everything is being rewritten."""
    if meta.get("state") != "ready" or not meta.get("seq", "").isdecimal():
        return None
    return Cursor(meta.get("journal", ""), int(meta["seq"]), meta.get("mark", ""))


def _holder(text: str) -> str:
    """Say who holds the lease."""
    try:
        holder = msgspec.json.decode(text, type=Holder)
    except msgspec.MsgspecError:
        return f"liq:lease holds {text[:80]!r}, which is not a lease of this program; delete it if nobody needs it"
    since = datetime.fromtimestamp(holder.since_ms / 1000, UTC)
    return held_by(holder, since.strftime("%Y-%m-%d %H:%M:%S UTC"))
