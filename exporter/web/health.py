"""/-/healthy, /-/ready and /-/reload: the names that Prometheus and Alertmanager use."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from exporter.config import ConfigError
from exporter.feeds.status import State
from exporter.view import View
from exporter.web.answers import ApiError, respond_json, without_folders
from exporter.web.describe import JournalPart, StorePart, exchange_parts, journal_part, store_parts

Reload = Callable[[], Awaitable[list[str]]]
"""Applies the configuration anew and returns what changed; raises `ConfigError` when it is bad."""


class ExchangeReadiness(msgspec.Struct, frozen=True):
    """The state of an exchange; `ready` once its first attempt to connect has come to something."""

    state: State
    reason: str
    ready: bool


class Readiness(msgspec.Struct, frozen=True):
    """Whether the exporter does its work, and each part of the answer. `reason` is empty when ready.

    A store that is down does not count: the journal keeps what it lacks.
    """

    ready: bool
    reason: str
    journal: JournalPart
    exchanges: dict[str, ExchangeReadiness]
    stores: dict[str, StorePart]


class Reloaded(msgspec.Struct, frozen=True):
    """What a reload changed; empty when nothing."""

    applied: list[str]


class Health:
    """Answers whoever watches the process."""

    def __init__(self, view: View, reload: Reload) -> None:
        self._view = view
        self._reload = reload

    def routes(self) -> list[web.RouteDef]:
        """Return its routes."""
        return [
            web.get("/-/healthy", self.healthy),
            web.get("/-/ready", self.ready),
            web.post("/-/reload", self.reload),
        ]

    async def healthy(self, _request: web.Request) -> web.Response:
        """Answer as long as the event loop turns."""
        return web.Response(text="ok\n")

    async def ready(self, _request: web.Request) -> web.Response:
        """Answer 200 when events are kept and at least one exchange was reached or refused us, otherwise 503."""
        answer = readiness(self._view)
        return respond_json(answer, 200 if answer.ready else 503)

    async def reload(self, _request: web.Request) -> web.Response:
        """Apply the configuration anew, or say what is wrong with it and go on with the old one."""
        try:
            return respond_json(Reloaded(await self._reload()))
        except ConfigError as error:
            raise ApiError(400, "bad configuration", without_folders(str(error))) from None


def readiness(view: View) -> Readiness:
    """Judge the parts."""
    journal = journal_part(view.journal)
    exchanges = {
        part.exchange: ExchangeReadiness(part.state, part.reason, not part.starting) for part in exchange_parts(view)
    }
    reason = ""
    if not journal.up:
        reason = f"the journal fails: {journal.error}"
    elif not any(part.ready for part in exchanges.values()):
        reason = "no exchange has answered yet"
    return Readiness(not reason, reason, journal, exchanges, store_parts(view))
