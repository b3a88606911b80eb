"""A running exporter's /metrics, without the exporter."""

from aiohttp import web

from exporter.access import Access
from exporter.check.metrics import MetricsSource
from exporter.config import Config
from exporter.gaps import Gaps
from exporter.journal import JournalStatus
from exporter.metrics import Exposition
from exporter.view import View


class MetricsPage:
    """Serves what is rendered from a world's ledger; `between` is called after each rendering."""

    def __init__(self, world):
        async def newest(_filters, _limit):
            return []

        self.view = View(Config(), world.ledger, Gaps(), JournalStatus(), newest)
        self.exposition = Exposition(self.view)
        self.between = lambda: None
        self.url = ""

    async def __aenter__(self):
        async def scrape(_request):
            body, _ = self.exposition.render("text/plain", 0)
            self.between()
            return web.Response(body=body)

        app = web.Application()
        app.router.add_get("/metrics", scrape)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_):
        await self._runner.cleanup()

    def source(self):
        return MetricsSource(Access(self.url), demanded=False)
