"""The passwords of a stack: random, made once, readable by nobody else."""

import os
import secrets
from pathlib import Path

import msgspec


class Passwords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One for each who asks for one."""

    admin: str
    """Of the database's administrator."""
    writer: str
    """Of the role that the exporter writes with."""
    reader: str
    """Of the role that Grafana reads with."""
    redis: str
    grafana: str
    """Of Grafana's user `admin`."""


def kept(path: Path) -> Passwords:
    """Return the passwords in a file, which is made when it is missing."""
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=Passwords)
    made = Passwords(*(secrets.token_hex(16) for _ in Passwords.__struct_fields__))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(made))
    return made
