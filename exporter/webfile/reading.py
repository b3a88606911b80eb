"""Reads a web file and everything that it names."""

import os
import ssl
from functools import partial
from pathlib import Path
from typing import NoReturn

import msgspec

from exporter.config import ConfigError, convert, read_tree
from exporter.webfile import tls
from exporter.webfile.checks import check
from exporter.webfile.sections import WebSettings

FLAG = "--web.config.file"

Print = tuple[int, ...]
"""What of a file changes when somebody writes or replaces it."""


class WebFile(msgspec.Struct, frozen=True):
    """A web file as it was read: its settings, the TLS context or None, and the files it stands on."""

    settings: WebSettings
    context: ssl.SSLContext | None
    paths: tuple[Path, ...]

    @property
    def notes(self) -> list[str]:
        """What in it has no effect here."""
        if self.settings.http_server_config.http2:
            return ["http_server_config.http2 has no effect: this server speaks HTTP/1.1"]
        return []


def read(path: Path) -> WebFile:
    """Read a web file, its certificate, key and authorities; raises `ConfigError`."""
    return complete(path, parse(path))


def parse(path: Path) -> WebSettings:
    """Read the web file itself; raises `ConfigError`."""
    tree = {key: value for key, value in read_tree(path, FLAG).items() if value is not None}
    settings = convert(tree, WebSettings, str(path))
    check(settings, partial(_refuse, path, ""))
    return settings


def complete(path: Path, settings: WebSettings) -> WebFile:
    """Read the files that a web file names; raises `ConfigError`."""
    server = settings.tls_server_config
    refuse = partial(_refuse, path, "tls_server_config.")
    context = tls.context(server, path.parent, refuse) if server.enabled else None
    return WebFile(settings, context, files(path, settings))


def files(path: Path, settings: WebSettings) -> tuple[Path, ...]:
    """Return the web file and the files that it names."""
    return (path, *tls.paths(settings.tls_server_config, path.parent))


def prints(paths: tuple[Path, ...]) -> tuple[Print, ...]:
    """Return what tells whether one of the files has changed; a file that is not there has a print, too."""
    return tuple(_print(path) for path in paths)


def _print(path: Path) -> Print:
    try:
        found = os.stat(path)  # noqa: PTH116 - on every request; pathlib takes twice as long
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size


def _refuse(path: Path, prefix: str, key: str, problem: str) -> NoReturn:
    raise ConfigError(f"{path}: {prefix}{key}: {problem}")
