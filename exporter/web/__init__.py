"""The HTTP server: scrape, health, API, and a page for people."""

from exporter.web.server import WebError, WebServer

__all__ = ["WebError", "WebServer"]
