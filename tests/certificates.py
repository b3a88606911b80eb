"""Certificates for tests, made by openssl as docs/security.md makes them."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Certificate:
    """A certificate and its key, as files."""

    cert: Path
    key: Path


def authority(folder: Path, name: str = "ca") -> Certificate:
    """Make one that can sign others."""
    made = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    _openssl("req", "-x509", *_new_key(made), "-out", made.cert, "-subj", f"/CN={name}")
    return made


def signed(folder: Path, name: str, by: Certificate) -> Certificate:
    """Make one for 127.0.0.1, localhost and `name`."""
    made, request = Certificate(folder / f"{name}.crt", folder / f"{name}.key"), folder / f"{name}.csr"
    names = folder / f"{name}.ext"
    names.write_text(f"subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:{name}")
    _openssl("req", *_new_key(made), "-out", request, "-subj", f"/CN={name}")
    _openssl(
        *("x509", "-req", "-in", request, "-CA", by.cert, "-CAkey", by.key, "-CAcreateserial"),
        *("-out", made.cert, "-days", 2, "-extfile", names),
    )
    return made


def _new_key(made: Certificate) -> tuple[object, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", made.key)


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
