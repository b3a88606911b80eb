"""How programs get at a running exporter: its address, and what they need to be let in.

The file of `--http.config.file` has the keys that Prometheus and its promtool use, so that the blocks of a scrape job
can be copied: `basic_auth` (`username`, `password` or `password_file`) and `tls_config` (`ca_file`, `cert_file`,
`key_file`, `server_name`, `insecure_skip_verify`).
"""

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
import msgspec

from exporter.config import ConfigError, Section, convert, is_address, read_tree, redact
from exporter.errors import UserError

FLAG = "--http.config.file"
SOCKET = "unix:"
"""What the address of a local socket begins with."""


class BasicAuth(Section, frozen=True):
    """`basic_auth`."""

    username: str = ""
    password: str = ""
    password_file: str = ""


class TlsClient(Section, frozen=True):
    """`tls_config`."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    server_name: str = ""
    insecure_skip_verify: bool = False


class HttpSettings(Section, frozen=True):
    """The whole file."""

    basic_auth: BasicAuth = BasicAuth()
    tls_config: TlsClient = TlsClient()


class Access(msgspec.Struct, frozen=True):
    """An exporter at `url`; `unix:/path` is its socket. `settings` come from a file in `folder`."""

    url: str
    settings: HttpSettings = HttpSettings()
    folder: Path = Path()

    @property
    def base(self) -> str:
        """What paths are appended to."""
        if self.url.startswith(SOCKET):
            return "http://localhost"
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")

    @property
    def shown(self) -> str:
        """The address without its secrets."""
        return redact(self.url.rstrip("/"))

    def session(self, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientSession:
        """Open a session; raises `UserError` for what cannot be used."""
        if self.url.startswith(SOCKET):
            return aiohttp.ClientSession(timeout=timeout, connector=aiohttp.UnixConnector(self.url[len(SOCKET) :]))
        connector = aiohttp.TCPConnector(ssl=self._tls())
        return aiohttp.ClientSession(timeout=timeout, connector=connector, headers=self._headers())

    def options(self) -> dict[str, Any]:
        """Return what each request needs beside its path."""
        name = self.settings.tls_config.server_name
        return {"server_hostname": name} if name and self.url.startswith("https:") else {}

    def _headers(self) -> dict[str, str]:
        given, parts = self.settings.basic_auth, urlsplit(self.url)
        if given.username:
            password = given.password or (_text(self.folder / given.password_file) if given.password_file else "")
            return _login(given.username, password)
        return _login(unquote(parts.username), unquote(parts.password or "")) if parts.username else {}

    def _tls(self) -> ssl.SSLContext:
        given = self.settings.tls_config
        try:
            context = ssl.create_default_context(cafile=self.folder / given.ca_file if given.ca_file else None)
            if given.cert_file:
                key = self.folder / given.key_file if given.key_file else None
                context.load_cert_chain(self.folder / given.cert_file, key, password=str)
        except (OSError, ValueError) as error:
            named = ", ".join(filter(None, (given.ca_file, given.cert_file, given.key_file)))
            raise UserError(f"tls_config: {named} cannot be used: {getattr(error, 'strerror', '') or error}") from None
        if given.insecure_skip_verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context


def access(url: str, file: Path | None = None) -> Access:
    """Return the way to an exporter; raises `UserError` for what is no address, `ConfigError` for a bad file."""
    if not url.startswith(SOCKET) and not is_address(url, ("http", "https")):
        raise UserError(f"{redact(url)!r} is not an address; write for example http://127.0.0.1:10110")
    if file is None:
        return Access(url)
    settings = convert(read_tree(file, FLAG), HttpSettings, str(file))
    if settings.basic_auth.password and settings.basic_auth.password_file:
        raise ConfigError(f"{file}: basic_auth: give password or password_file, one of them")
    if ":" in settings.basic_auth.username:
        raise ConfigError(f"{file}: basic_auth.username: a user's name has no colon")
    return Access(url, settings, file.parent)


def _login(user: str, password: str) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(user, password, encoding="utf-8")}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", "") or str(error)
        raise UserError(f"basic_auth.password_file: {path} cannot be read: {reason}") from None
