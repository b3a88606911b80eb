"""From `tls_server_config` to a context of Python's TLS, in whose words the toolkit's are Go's."""

import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from exporter.webfile.checks import Refuse
from exporter.webfile.sections import TlsServer

VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}

CIPHERS = {
    f"TLS_ECDHE_{key}_WITH_{go}": f"ECDHE-{key}-{openssl}"
    for key in ("ECDSA", "RSA")
    for go, openssl in (
        ("AES_128_CBC_SHA", "AES128-SHA"),
        ("AES_256_CBC_SHA", "AES256-SHA"),
        ("AES_128_GCM_SHA256", "AES128-GCM-SHA256"),
        ("AES_256_GCM_SHA384", "AES256-GCM-SHA384"),
        ("CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305"),
    )
}
"""Go's secure suites up to TLS 1.2, and OpenSSL's names for them."""
CIPHERS_13 = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
"""Those of TLS 1.3 are always on, as in Go."""
CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1"}

CLIENT_AUTH = {
    "": ssl.CERT_NONE,
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
UNVERIFIED = ("RequestClientCert", "RequireAnyClientCert", "RequireClientCert")


def paths(tls: TlsServer, folder: Path) -> list[Path]:
    """Return the files that the block names, relative ones below the folder of the web file."""
    return [folder / name for name in (tls.cert_file, tls.key_file, tls.client_ca_file) if name]


def context(tls: TlsServer, folder: Path, refuse: Refuse) -> ssl.SSLContext:
    """Return a context for connections from now on; it has read every file."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version, made.maximum_version = VERSIONS[tls.min_version], VERSIONS[tls.max_version]
    if made.minimum_version > made.maximum_version:
        refuse("min_version", "is above max_version")
    made.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    if not tls.prefer_server_cipher_suites:
        made.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    _set_ciphers(made, tls, refuse)
    _set_curve(made, tls, refuse)
    _load_certificate(made, tls, folder, refuse)
    _ask_clients(made, tls, folder, refuse)
    return made


def _set_ciphers(made: ssl.SSLContext, tls: TlsServer, refuse: Refuse) -> None:
    for name in tls.cipher_suites:
        if name not in CIPHERS and name not in CIPHERS_13:
            refuse("cipher_suites", f"{name!r} is not known; there are {', '.join((*CIPHERS, *CIPHERS_13))}")
    chosen = [CIPHERS[name] for name in tls.cipher_suites if name in CIPHERS]
    if chosen:
        made.set_ciphers(":".join(chosen))
    elif tls.cipher_suites and tls.max_version == "TLS12":
        refuse("cipher_suites", "none of them is for TLS 1.2, which is max_version")


def _set_curve(made: ssl.SSLContext, tls: TlsServer, refuse: Refuse) -> None:
    if len(tls.curve_preferences) > 1 or any(name not in CURVES for name in tls.curve_preferences):
        refuse("curve_preferences", f"Python's TLS takes one curve only, of {', '.join(CURVES)}")
    for name in tls.curve_preferences:
        made.set_ecdh_curve(CURVES[name])


def _load_certificate(made: ssl.SSLContext, tls: TlsServer, folder: Path, refuse: Refuse) -> None:
    for name in ("cert", "key"):
        text, file = getattr(tls, name), getattr(tls, f"{name}_file")
        if bool(text) == bool(file):
            refuse(f"{name}_file", f"give {name} or {name}_file, one of them")
    for name, file in (("cert_file", tls.cert_file), ("key_file", tls.key_file)):
        _must_be_readable(folder / file, name, refuse)
    with _file(tls.cert, folder / tls.cert_file) as cert, _file(tls.key, folder / tls.key_file) as key:
        try:
            made.load_cert_chain(cert, key, password=_no_password)
        except (ssl.SSLError, ValueError, OSError) as error:
            why = getattr(error, "reason", None) or "no certificate or no key, or the key needs a password"
            refuse("cert_file", f"certificate and key cannot be used together: {str(why).lower().replace('_', ' ')}")


def _ask_clients(made: ssl.SSLContext, tls: TlsServer, folder: Path, refuse: Refuse) -> None:
    if tls.client_auth_type in UNVERIFIED:
        refuse("client_auth_type", "takes certificates without looking at them; use RequireAndVerifyClientCert")
    if tls.client_auth_type not in CLIENT_AUTH:
        refuse("client_auth_type", f"{tls.client_auth_type!r} is not one of {', '.join(filter(None, CLIENT_AUTH))}")
    made.verify_mode = CLIENT_AUTH[tls.client_auth_type]
    asked, given = made.verify_mode is not ssl.CERT_NONE, bool(tls.client_ca or tls.client_ca_file)
    if asked is not given or (tls.client_ca and tls.client_ca_file):
        refuse("client_ca_file", "give it, or client_ca, together with a client_auth_type that verifies")
    if tls.client_allowed_sans and made.verify_mode is not ssl.CERT_REQUIRED:
        refuse("client_allowed_sans", "needs client_auth_type RequireAndVerifyClientCert")
    if not given:
        return
    _must_be_readable(folder / tls.client_ca_file, "client_ca_file", refuse)
    with _file(tls.client_ca, folder / tls.client_ca_file) as authorities:
        try:
            made.load_verify_locations(authorities)
        except (ssl.SSLError, ValueError, OSError):
            refuse("client_ca_file", "holds no certificate")


def _must_be_readable(path: Path, key: str, refuse: Refuse) -> None:
    try:
        if not path.is_dir():  # the folder itself stands for a text that is given instead of a file
            path.open("rb").close()
    except (OSError, ValueError) as error:
        refuse(key, f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")


@contextmanager
def _file(text: str, path: Path) -> Iterator[Path]:
    """Yield the file, or one that holds the text for as long as it is read: OpenSSL takes keys from files only."""
    if not text:
        yield path
        return
    with tempfile.NamedTemporaryFile("w", prefix="liquidation-", suffix=".pem") as file:
        file.write(text)
        file.flush()
        yield Path(file.name)


_no_password: Callable[[], str] = str
"""Without it OpenSSL would ask the terminal for the password of an encrypted key."""
