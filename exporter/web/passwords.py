"""Whether a password is right: bcrypt in a thread of its own, and a memory of what it has said."""

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import bcrypt

from exporter.web.answers import ApiError
from exporter.webfile import cost

REMEMBERED = 100
WAITING = 16
"""More passwords than this at once are refused unseen; users whose password is known need not wait."""
SIGNIFICANT_BYTES = 72
"""bcrypt has never looked at more of a password; tools that write hashes cut it off."""

Credentials = tuple[str, str]
"""User and password."""


class Passwords:
    """Compares passwords with hashes, one at a time.

    A wrong password and an unknown user take the same work: that of a hash of the highest cost that any user has. What
    is remembered is a keyed digest, never a password; wrong ones cannot push right ones out.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passwords")
        self._waiting = 0
        self._key = secrets.token_bytes(32)
        self._known: dict[bool, OrderedDict[bytes, None]] = {True: OrderedDict(), False: OrderedDict()}

    async def right(self, users: Mapping[str, str], given: Credentials) -> bool:
        """Tell whether it is the user's password; raises `ApiError` 503 when too many are being compared."""
        user, password = given
        hashed = users.get(user)
        highest = max(cost(each) or 0 for each in users.values())
        digest = self._digest(user, hashed or str(highest), password)
        for verdict, known in self._known.items():
            if digest in known:
                known.move_to_end(digest)
                return verdict
        if self._waiting >= WAITING:
            raise ApiError(503, "busy", "too many passwords are being checked; try again in a moment")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            verdict = await loop.run_in_executor(self._thread, compare, hashed, password.encode(), highest)
        finally:
            self._waiting -= 1
        self._remember(digest, verdict)
        return verdict

    def close(self) -> None:
        """Let the running comparison end; drop the others."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _digest(self, *parts: str) -> bytes:
        digest = hashlib.blake2b(key=self._key)
        for part in parts:
            encoded = part.encode()
            digest.update(len(encoded).to_bytes(8) + encoded)
        return digest.digest()

    def _remember(self, digest: bytes, verdict: bool) -> None:
        known = self._known[verdict]
        known[digest] = None
        if len(known) > REMEMBERED:
            known.popitem(last=False)


def compare(hashed: str | None, password: bytes, highest: int) -> bool:
    """Compare a password with a hash, None for that of nobody; wrong ones cost as much as the `highest` cost.

    A hash of cost c takes 2**c rounds. The rounds that are missing after one of a lower cost are those of dummies of
    the costs c, c + 1, ... below the highest: 2**c + 2**c + 2**(c + 1) + ... = 2**highest.
    """
    if hashed is None:
        _matches(password, _dummy(highest))
        return False
    if _matches(password, hashed):
        return True
    for each in range(cost(hashed) or highest, highest):
        _matches(password, _dummy(each))
    return False


def _matches(password: bytes, hashed: str) -> bool:
    return bcrypt.checkpw(password[:SIGNIFICANT_BYTES], hashed.encode())


def _dummy(rounds: int) -> str:
    """Return a hash that no password is known for."""
    return f"$2b${rounds:02}${'.' * 53}"
