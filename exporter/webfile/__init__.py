"""The web file: TLS, users, headers and a rate, in the format of Prometheus' exporter-toolkit.

The format is that of https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md.
"""

from exporter.webfile.checks import cost
from exporter.webfile.reading import WebFile, complete, files, parse, prints, read
from exporter.webfile.sections import RateLimit, WebSettings

__all__ = ["RateLimit", "WebFile", "WebSettings", "complete", "cost", "files", "parse", "prints", "read"]
