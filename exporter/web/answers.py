"""What every answer has in common: packed bodies, safe headers, errors that a person can read."""

import gzip
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import msgspec
import structlog
from aiohttp import web

log = structlog.get_logger()

JSON = "application/json"
GZIP_FROM_BYTES = 1024
"""Smaller bodies fit one packet anyway."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Server": "liquidation-exporter",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_PATH = re.compile(r"(?<![\w:/.])/(?:[^\s/'\",;:]+/)*([^\s/'\",;:]+)")
_GZIP = re.compile(r"\s*(?:gzip|\*)\s*(?:;\s*q\s*=\s*(?P<weight>[\d.]+)\s*)?", re.IGNORECASE)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ApiError(Exception):
    """A request that is refused: an HTTP status, the kind of error in a few words, and a sentence for the reader."""

    def __init__(self, status: int, error: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.error = error
        self.reason = reason


class Problem(msgspec.Struct, frozen=True):
    """The body of every answer that is an error."""

    error: str
    reason: str


class Body(msgspec.Struct, frozen=True):
    """A body that is ready to send; `encoding` is what it is compressed with."""

    content: bytes
    content_type: str
    encoding: str | None = None


def bad_request(reason: str) -> ApiError:
    """Refuse a request that is not well formed."""
    return ApiError(400, "bad request", reason)


def pack(content: bytes, content_type: str, *, gzipped: bool) -> Body:
    """Compress what is worth it, at the level that costs least."""
    if gzipped and len(content) > GZIP_FROM_BYTES:
        return Body(gzip.compress(content, 1, mtime=0), content_type, "gzip")
    return Body(content, content_type)


def accepts_gzip(request: web.Request) -> bool:
    """Tell whether the client wants its answer compressed (RFC 9110, 12.5.3)."""
    wanted = request.headers.get("Accept-Encoding", "").split(",")
    weights = [match["weight"] for match in map(_GZIP.fullmatch, wanted) if match]
    return any(weight is None or weight.strip("0.") for weight in weights)


def respond(body: Body, status: int = 200) -> web.Response:
    """Send a body; figures are of this moment, so nothing may keep them."""
    headers = {"Content-Type": body.content_type, "Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding"}
    if body.encoding:
        headers["Content-Encoding"] = body.encoding
    return web.Response(body=body.content, status=status, headers=headers)


def respond_json(value: object, status: int = 200) -> web.Response:
    """Send a small value as JSON."""
    return respond(Body(msgspec.json.encode(value), JSON), status)


def iso(time_ms: int | None) -> str | None:
    """Write an instant as ISO 8601 in UTC; 0 and None are "never"."""
    if not time_ms:
        return None
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def without_folders(text: str) -> str:
    """Shorten the file paths in a message to their last part: what strangers read must not show the machine."""
    return _PATH.sub(r"\1", text)


@web.middleware
async def readable_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever goes wrong into a `Problem`."""
    try:
        return await handler(request)
    except ApiError as error:
        return respond_json(Problem(error.error, error.reason), error.status)
    except web.HTTPMethodNotAllowed as error:
        return _only(error)
    except web.HTTPNotFound:
        return respond_json(
            Problem("not found", "there is nothing at this path; the page at / links to what there is"), 404
        )
    except web.HTTPException as error:
        return respond_json(Problem(error.reason.lower(), "the request was refused"), error.status)
    except Exception:
        log.exception("request failed", path=request.path)
        return respond_json(Problem("internal error", "the request could not be answered; the log says why"), 500)


def _only(error: web.HTTPMethodNotAllowed) -> web.Response:
    """Say which methods there are; to somebody who asks for just that (OPTIONS) it is no error."""
    allowed = ", ".join(sorted(error.allowed_methods))
    if error.method == "OPTIONS":
        answer = web.Response(status=204)
    else:
        answer = respond_json(Problem("method not allowed", f"{error.method} does not work here; use {allowed}"), 405)
    answer.headers["Allow"] = allowed
    return answer
