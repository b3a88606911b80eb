"""REST calls: bounded in time, size and pages."""

import asyncio
from collections.abc import Mapping

import aiohttp
from yarl import URL

from exporter.exchanges.base import Exchange, InstrumentRequest, ParseError
from exporter.model import Instrument

MAX_BODY_BYTES = 64 * 2**20
MAX_PAGES = 100
CHUNK_BYTES = 2**16


class RestClient:
    """Calls one exchange; `timeout` (seconds) bounds connecting and every pause of an answer."""

    def __init__(self, session: aiohttp.ClientSession, endpoints: Mapping[str, str], timeout: float) -> None:
        self._session = session
        self._endpoints = endpoints
        self._timeout = aiohttp.ClientTimeout(total=6 * timeout, connect=timeout, sock_read=timeout)

    async def get(self, endpoint: str, path: str) -> bytes:
        """Return the body of an answer; raises aiohttp's errors, `TimeoutError`, and `ParseError` for one too large."""
        address = URL(self._endpoints[endpoint].rstrip("/") + path, encoded=True)
        async with self._session.get(address, timeout=self._timeout) as response:
            response.raise_for_status()
            body = bytearray()
            async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise ParseError(f"an answer above {MAX_BODY_BYTES >> 20} MiB")
            return bytes(body)


class InstrumentClient:
    """Fetches the instruments of one exchange."""

    def __init__(self, client: RestClient, exchange: Exchange) -> None:
        self._client = client
        self._exchange = exchange

    async def fetch(self, request: InstrumentRequest) -> list[Instrument]:
        """Return the instruments of a request, all pages of it.

        Raises `ParseError` for an answer that can not be right, aiohttp's errors and `TimeoutError`.
        """
        instruments: list[Instrument] = []
        for _ in range(MAX_PAGES):
            body = await self._client.get(request.endpoint, request.path)
            # a full listing takes milliseconds to read, which would be a pause in the hot path
            page = await asyncio.to_thread(self._exchange.parse_instruments, request, body)
            instruments += page.instruments
            if page.next_request is None:
                break
            request = page.next_request
        else:
            raise ParseError(f"more than {MAX_PAGES} pages of instruments")
        return instruments
