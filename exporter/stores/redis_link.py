"""The connection to Redis: its scripts, its time limits, and what its errors mean."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    ClusterCrossSlotError,
    NoPermissionError,
    RedisError,
)
from redis.maint_notifications import MaintNotificationsConfig

from exporter.stores.base import LEASE_S, StoreError, StoreFaultError, StoreUnavailableError
from exporter.stores.redis_contents import Hash

META, LEASE, EXCHANGES, RECENT = "liq:meta", "liq:lease", "liq:exchanges", "liq:recent"
EXPECTED = ("state", "journal", "seq", "rewrite")
"""The fields of `liq:meta` that every call looks at before it writes: a call that comes late changes nothing."""

ANSWER_S = 5.0
"""A server that says nothing for this long is gone, whatever the socket looks like."""
CLOSE_S = 1.0
OLDEST = 7
SCAN_COUNT = 1000
FORBIDDEN_IN_SCRIPTS = ("The user executing the script", "ACL failure")
"""How Redis 7.0, and later versions, begin to say that a script may not do what it does."""
ADDRESS = "redis://user:password@host:6379/0, or rediss:// or unix://, with signs such as @ # / as %40 %23 %2F"
CLUSTER = "a cluster cannot change several keys at once; a single primary is needed"

LEASE_MS = int(LEASE_S * 1000)


class Head(msgspec.Struct, omit_defaults=False):
    """What one call of the write script does; its fields are described in redis_write.lua."""

    expect: tuple[str, ...]
    set: list[str]
    unset: list[str] = []
    delete: list[str] = []
    ids: list[str] = []
    keep: int = 0
    exchanges: list[str] = []
    hashes: list[Hash] = []
    publish: list[str] = []


class Link:
    """A connected client that holds, or tries to get, the lease `lease`. Methods raise `StoreError`."""

    def __init__(self, address: str, lease: str) -> None:
        self._lease = lease
        try:
            self._client = _client(address)
            self._client.connection_pool.make_connection()  # type: ignore[no-untyped-call]  # looks at the options
        except (ValueError, TypeError):  # what they say may contain a part of the password
            raise StoreFaultError(f"stores.redis.url cannot be used; write {ADDRESS}") from None
        self._write = self._client.register_script(_script("redis_write"))
        self._take = self._client.register_script(_script("redis_lease"))
        self._release = self._client.register_script(_script("redis_release"))

    async def check(self) -> None:
        """Connect; the server must be one that can be written to, and of a known kind."""
        with _explained():
            hello = await self._client.execute_command("HELLO")  # type: ignore[no-untyped-call]
        version = str(hello["version"])
        if hello["mode"] == "cluster":
            raise StoreFaultError(CLUSTER)
        if int(version.split(".", maxsplit=1)[0]) < OLDEST:
            raise StoreFaultError(f"redis {version} is too old; {OLDEST}.0 or Valkey is needed")
        if hello["role"] not in ("master", "primary"):
            raise StoreUnavailableError("the server is a replica and cannot be written to")

    async def take_lease(self) -> list[str]:
        """Take or renew the lease; returns the script's answer."""
        with _explained():
            return _answer(await self._take([LEASE], [self._lease, LEASE_MS]))

    async def write(self, head: Head, lines: bytes = b"") -> list[str]:
        """Call the write script; returns its answer."""
        with _explained():
            arguments = (self._lease, LEASE_MS, msgspec.json.encode(head), lines)
            return _answer(await self._write([META, LEASE, EXCHANGES, RECENT], arguments))

    async def meta(self) -> dict[str, str]:
        """Read `liq:meta`."""
        try:
            with _explained():
                return msgspec.convert(await self._client.hgetall(META), dict[str, str])
        except StoreUnavailableError as error:
            if "WRONGTYPE" in str(error):
                raise other_type(META) from None
            raise

    async def hashes(self, pattern: str) -> AsyncIterator[list[str]]:
        """Iterate over the names of the hashes that match, in portions; the lease is kept meanwhile."""
        cursor = 0
        while True:
            with _explained():
                cursor, names = await self._client.scan(cursor, pattern, SCAN_COUNT, _type="hash")
            yield msgspec.convert(names, list[str])
            if not cursor:
                return

    async def close(self, *, release: bool) -> None:
        """Disconnect, giving the lease back if asked to; never raises."""
        if release:
            await _briefly(self._release([LEASE], [self._lease]))
        await _briefly(self._client.aclose())


def other_type(key: str) -> StoreFaultError:
    """Say that a key is not ours."""
    return StoreFaultError(
        f"the key {key} is there with another type, so it is not ours; "
        "rename or delete it, or use another database number"
    )


def _client(address: str) -> Redis:
    """Return a client that sends every command once: what an unanswered one did is found out by the cursor."""
    return Redis.from_url(
        address,
        protocol=3,
        decode_responses=True,
        encoding_errors="replace",
        socket_timeout=ANSWER_S,
        socket_connect_timeout=ANSWER_S,
        retry=Retry(NoBackoff(), 0),
        driver_info=None,
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )


def _script(name: str) -> str:
    return Path(__file__).with_name(f"{name}.lua").read_text(encoding="utf-8")


def _answer(answer: object) -> list[str]:
    return msgspec.convert(answer, list[str])


async def _briefly(call: Awaitable[object]) -> None:
    with suppress(RedisError, OSError, TimeoutError):
        async with asyncio.timeout(CLOSE_S):
            await call


@contextmanager
def _explained() -> Iterator[None]:
    """Turn the driver's errors into ours."""
    try:
        yield
    except RedisError as error:
        raise explain(error) from error


def explain(error: RedisError) -> StoreError:
    """Say what an error of the driver means, and whether it passes."""
    text = " ".join(str(error).split()) or type(error).__name__
    fault = _fault(error, text)
    return StoreFaultError(fault) if fault else StoreUnavailableError(text)


def _fault(error: RedisError, text: str) -> str:
    """Say what somebody has to put right; empty when it is not for anybody to put right."""
    if isinstance(error, AuthenticationError | AuthorizationError):
        return f"user or password is refused: {text}; correct stores.redis.url"
    if isinstance(error, NoPermissionError) or any(words in text for words in FORBIDDEN_IN_SCRIPTS):
        return f"{text}; grant the user what docs/storage.md lists"
    if isinstance(error, ClusterCrossSlotError):
        return CLUSTER
    if _certificate_refused(error):
        return f"the server's certificate is not trusted: {text}"
    if "DB index is out of range" in text:
        return "no database of that number; correct stores.redis.url"
    return f"the server is too old or lacks a command: {text}" if "unknown command" in text.lower() else ""


def _certificate_refused(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
