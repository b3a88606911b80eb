"""The landing page and its files, read once and served from memory."""

import gzip
import hashlib
from importlib import resources

import msgspec
from aiohttp import web

from exporter.web.answers import ApiError, accepts_gzip

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Asset(msgspec.Struct, frozen=True):
    """One file, also compressed; `etag` changes with its content."""

    content: bytes
    compressed: bytes
    content_type: str
    etag: str


class Page:
    """Serves `/` and `/static/`; a name that is not one of the package's own files is not there."""

    def __init__(self) -> None:
        folder = resources.files("exporter.web") / "static"
        self._assets = {file.name: _asset(file.name, file.read_bytes()) for file in folder.iterdir()}

    def routes(self) -> list[web.RouteDef]:
        """Return its routes."""
        return [web.get("/", self.index), web.get("/static/{name}", self.static)]

    async def index(self, request: web.Request) -> web.Response:
        """Answer the landing page."""
        return _serve(request, self._assets["index.html"])

    async def static(self, request: web.Request) -> web.Response:
        """Answer one of its files."""
        asset = self._assets.get(request.match_info["name"])
        if asset is None:
            raise ApiError(404, "not found", "the page has no such file")
        return _serve(request, asset)


def _asset(name: str, content: bytes) -> Asset:
    suffix = name[name.rindex(".") :]
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Asset(content, gzip.compress(content, 9, mtime=0), _TYPES[suffix], f'"{digest}"')


def _serve(request: web.Request, asset: Asset) -> web.Response:
    headers = {"Cache-Control": "no-cache", "ETag": asset.etag, "Vary": "Accept-Encoding"}
    if request.headers.get("If-None-Match") == asset.etag:
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = asset.content_type
    if accepts_gzip(request):
        return web.Response(body=asset.compressed, headers=headers | {"Content-Encoding": "gzip"})
    return web.Response(body=asset.content, headers=headers)
