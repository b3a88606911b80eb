"""Redis as a source: every hash of ours and the cursor, read in one transaction.

The transaction holds the server up for as long as it takes to copy its answers: some milliseconds for a hundred coins,
about a tenth of a second for a thousand with all their price levels.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from exporter.cells import ALL
from exporter.check.figures import Figures, Key, Kind, Name, Table, listed
from exporter.check.report import Verdict
from exporter.check.source import NotReadError, Place, Reading
from exporter.stores.redis_contents import levels_key, totals_key
from exporter.stores.redis_link import EXCHANGES, META, explain

TIMEOUT_S = 10.0
SCAN_COUNT = 1000

_TOTALS, _LEVELS = totals_key(""), levels_key(("", "long")).removesuffix(":long")
_NAMES: dict[str, Name] = {"events": "events", "base": "base_quantity", "usd": "usd"}


class RedisSource:
    """The Redis at `address`."""

    name = "redis"

    def __init__(self, address: str) -> None:
        self._address = address

    async def read(self, journal: str) -> Reading:
        """Read the hashes, and which record they are as of."""
        try:
            client = Redis.from_url(
                self._address,
                decode_responses=True,
                encoding_errors="replace",
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=TIMEOUT_S,
            )
        except (ValueError, TypeError) as error:
            raise NotReadError(Verdict.UNREACHABLE, f"the address cannot be used: {error}") from None
        try:
            async with client:
                names = await _hashes(client)
                meta, exchanges, *hashes = await _read_at_once(client, names)
        except RedisError as error:
            raise NotReadError(Verdict.UNREACHABLE, str(explain(error))) from None
        except (OSError, TimeoutError) as error:
            raise NotReadError(Verdict.UNREACHABLE, str(error) or type(error).__name__) from None
        return Reading(_place(meta, journal), _tables(exchanges, dict(zip(names, hashes, strict=True))))


async def _hashes(client: Redis) -> list[str]:
    found: list[str] = []
    for prefix in (_TOTALS, _LEVELS):
        found += [name async for name in client.scan_iter(f"{prefix}*", SCAN_COUNT, _type="hash")]
    return found


async def _read_at_once(client: Redis, names: Iterable[str]) -> list[Any]:
    async with client.pipeline(transaction=True) as pipeline:
        pipeline.hgetall(META)
        pipeline.smembers(EXCHANGES)
        for name in names:
            pipeline.hgetall(name)
        return await pipeline.execute()


def _place(meta: Mapping[str, str], journal: str) -> Place:
    """Return the cursor; there is none before the first write and while everything is being rewritten."""
    if not meta:
        raise NotReadError(Verdict.BEHIND, "nothing has been written to it")
    if meta.get("journal") != journal:
        raise NotReadError(Verdict.STRANGE, f"it follows another journal ({meta.get('journal', 'none')})")
    if meta.get("state") != "ready" or not meta.get("seq", "").isdecimal():
        raise NotReadError(Verdict.BEHIND, "it is being rewritten")
    return Place(seq=int(meta["seq"]))


def _tables(exchanges: Iterable[str], hashes: Mapping[str, Mapping[str, str]]) -> list[Table]:
    totals: Figures = {}
    levels: Figures = {}
    for key, fields in hashes.items():
        if key.startswith(_TOTALS):
            _read_totals(totals, key.removeprefix(_TOTALS), fields)
        else:
            base, _, side = key.removeprefix(_LEVELS).rpartition(":")
            _read_levels(levels, base, side, fields)
    return [
        Table("totals", Kind.COINS, totals),
        Table("levels", Kind.LEVELS, levels),
        Table("exchanges", Kind.LISTED, listed(exchanges)),
    ]


def _read_totals(figures: Figures, base: str, fields: Mapping[str, str]) -> None:
    for field, value in fields.items():
        exchange, side, name = field.split(":")
        figures[Key(exchange, base, side, _NAMES[name])] = float(value)


def _read_levels(figures: Figures, base: str, side: str, fields: Mapping[str, str]) -> None:
    pairs = [value.split(" ") for value in fields.values()]
    figures[Key(ALL, base, side, "base_quantity")] = math.fsum(float(quantity) for quantity, _ in pairs)
    figures[Key(ALL, base, side, "usd")] = math.fsum(float(usd) for _, usd in pairs)
