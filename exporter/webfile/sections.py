"""The blocks of a web file, with the toolkit's defaults."""

from typing import Literal

import msgspec

from exporter.config import Duration, Section

Version = Literal["TLS12", "TLS13"]


class TlsServer(Section, frozen=True):
    """`tls_server_config`: TLS is on as soon as a certificate, a key or anything about client certificates is given."""

    cert: str = ""
    key: str = ""
    client_ca: str = ""
    cert_file: str = ""
    key_file: str = ""
    client_ca_file: str = ""
    client_auth_type: str = ""
    client_allowed_sans: tuple[str, ...] = ()
    min_version: Version = "TLS12"
    max_version: Version = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    prefer_server_cipher_suites: bool = True
    curve_preferences: tuple[str, ...] = ()

    @property
    def enabled(self) -> bool:
        """Whether the server speaks TLS."""
        given = (self.cert, self.key, self.client_ca, self.cert_file, self.key_file, self.client_ca_file)
        return any(given) or bool(self.client_auth_type)


class HttpServer(Section, frozen=True):
    """`http_server_config`: the server speaks HTTP/1.1, so `http2` has no effect; `headers` replace its own."""

    http2: bool | None = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)


class RateLimit(Section, frozen=True):
    """`rate_limit`: one request per `interval` in the long run, `burst` of them at once; `interval` 0: off."""

    interval: Duration = Duration(0)
    burst: int = 0


class WebSettings(Section, frozen=True):
    """The whole file. `basic_auth_users` are bcrypt hashes by user; without any nobody is asked for a password."""

    tls_server_config: TlsServer = TlsServer()
    http_server_config: HttpServer = HttpServer()
    basic_auth_users: dict[str, str] = msgspec.field(default_factory=dict)
    rate_limit: RateLimit = RateLimit()
