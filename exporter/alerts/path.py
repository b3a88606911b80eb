"""The way to Alertmanager: posts what the roll says, again and again while it lasts, until Alertmanager has it.

It runs in a task of its own and only reads the moment that the analyst prepared, so that an Alertmanager that is slow
or away holds up nothing. What could not be posted is posted as soon as it answers.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import aiohttp
import msgspec
import structlog

from exporter.alerts.roll import Alert, Roll
from exporter.alerts.status import AlertsStatus
from exporter.analysis.status import Present
from exporter.config import AlertsSection, redact

log = structlog.get_logger()

REPOST_S = 10.0
"""How often alerts that are on are posted again: an Alertmanager that was restarted knows nothing of them."""
RETRY_S = 1.0
PATIENCE_S = 5.0
VALID_MS = 86_400_000
"""For so long an alert stays although nobody posts it any more: an exporter that dies does not end a cascade."""


class FastPath:
    """Posts to the Alertmanager of `config`, which may change while it runs; without one nothing is posted.

    `present` returns the newest moment of the engine.
    """

    def __init__(self, config: Callable[[], AlertsSection], present: Callable[[], Present]) -> None:
        self.status = AlertsStatus()
        self._config = config
        self._present = present
        self._seen = present()
        self._changed = asyncio.Event()
        self._roll = Roll()
        self._failing = False

    def wake(self) -> None:
        """Say that the engine may have moved on; never blocks."""
        if self._present() is not self._seen:
            self._changed.set()

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Look at every new moment, and post when something opened or ended, and every few seconds."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            config, self._seen = self._config(), self._present()
            if config.alertmanager and self._seen.now_ms:  # before that the engine still catches up with the journal
                new = self._roll.look(self._seen, config)
                if (new and not self._failing) or loop.time() >= due:
                    due = loop.time() + (REPOST_S if await self._post(session, config) else RETRY_S)
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, due - loop.time()) if config.alertmanager else None):
                    await self._changed.wait()

    async def _post(self, session: aiohttp.ClientSession, config: AlertsSection) -> bool:
        """Post what is to be told; returns whether Alertmanager took it."""
        now_ms = time.time_ns() // 1_000_000
        alerts = self._roll.told(self._seen.now_ms)
        if not alerts:
            return True
        self.status.posts += 1
        body = msgspec.json.encode([_as_posted(alert, now_ms) for alert in alerts])
        try:
            async with session.post(
                f"{config.alertmanager.rstrip('/')}/api/v2/alerts",
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=aiohttp.ClientTimeout(total=PATIENCE_S),
            ) as answer:
                answer.raise_for_status()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.status.failures += 1
            self._say(config, error)
            return False
        self._roll.forget(alerts)
        self._say(config, None)
        return True

    def _say(self, config: AlertsSection, error: Exception | None) -> None:
        """Log when it begins to fail, and when it works again."""
        if error and not self._failing:
            reason = redact(str(error)) or type(error).__name__
            log.warning("alertmanager cannot be reached", address=redact(config.alertmanager), reason=reason)
        elif self._failing and not error:
            log.info("alertmanager can be reached again", address=redact(config.alertmanager))
        self._failing = error is not None


def _as_posted(alert: Alert, now_ms: int) -> dict[str, object]:
    """Return an alert as the API takes it."""
    return {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "startsAt": _written(alert.started_ms),
        "endsAt": _written(alert.ended_ms or now_ms + VALID_MS),
    }


def _written(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")
