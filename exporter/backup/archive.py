"""The archive: what is in it, and how it is written and read with its checksums."""

import hashlib
import io
import shutil
import tarfile
from pathlib import Path
from typing import IO, BinaryIO

import msgspec

from exporter.errors import UserError

FORMAT = 1
MANIFEST = "manifest.json"
JOURNAL = "journal.db.gz"
DATABASE = "timescale.dump"
CONFIG = "config.yaml"
MANIFEST_BYTES = 1 << 20
"""A manifest is far smaller; what claims to be larger is not one."""
CHUNK = 1 << 20


class BackupError(UserError):
    """What keeps a backup from being made or put back."""


class Part(msgspec.Struct, frozen=True):
    """One file in the archive."""

    name: str
    bytes: int
    sha256: str


class JournalFacts(msgspec.Struct, frozen=True):
    """Which journal it is, and how far it goes."""

    uuid: str
    schema: int
    last_seq: int
    events: int


class DatabaseFacts(msgspec.Struct, frozen=True):
    """What wrote the dump: versions (`timescale` is empty without TimescaleDB), schema, and the owner of the tables."""

    server: str
    timescale: str
    migration: int
    owner: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the archive holds. `created` is UTC in ISO form, `version` that of the exporter that made it."""

    format: int
    version: str
    created: str
    journal: JournalFacts
    database: DatabaseFacts | None
    parts: list[Part]


def part(path: Path) -> Part:
    """Return a file as a part, with its sum."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return Part(path.name, path.stat().st_size, digest.hexdigest())


def pack(manifest: Manifest, folder: Path, output: BinaryIO) -> None:
    """Write the archive of the parts that lie in a folder."""
    with tarfile.open(fileobj=output, mode="w|") as tar:
        text = msgspec.json.format(msgspec.json.encode(manifest)) + b"\n"
        tar.addfile(_entry(MANIFEST, len(text)), io.BytesIO(text))
        for each in manifest.parts:
            with (folder / each.name).open("rb") as file:
                tar.addfile(_entry(each.name, each.bytes), file)


def unpack(source: BinaryIO, folder: Path) -> Manifest:
    """Write the parts into a folder and return the manifest; raises `BackupError` unless every part is as it says."""
    try:
        with tarfile.open(fileobj=source, mode="r|") as tar:
            manifest = _manifest(tar)
            missing = {each.name: each for each in manifest.parts}
            while member := tar.next():
                wanted = missing.pop(member.name, None)
                content = tar.extractfile(member) if wanted else None
                if wanted is None or content is None or member.size != wanted.bytes:
                    raise BackupError(f"the archive is damaged: {member.name} is not what its manifest says")
                _write(content, folder / wanted.name, wanted)
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"this is no archive of ours, or it is cut off: {error}") from None
    if missing:
        raise BackupError(f"the archive is cut off: {', '.join(missing)} is missing")
    return manifest


def _manifest(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    content = tar.extractfile(first) if first and first.name == MANIFEST and first.size <= MANIFEST_BYTES else None
    if content is None:
        raise BackupError("this is no archive of ours: it does not begin with a manifest")
    raw = content.read()
    try:
        if (version := msgspec.json.decode(raw, type=dict[str, object]).get("format")) != FORMAT:
            raise BackupError(
                f"the archive has format {version}, this version reads {FORMAT}; use the one that made it"
            )
        manifest = msgspec.json.decode(raw, type=Manifest)
    except msgspec.DecodeError as error:
        raise BackupError(f"the archive is damaged: its manifest cannot be read: {error}") from None
    if not {each.name for each in manifest.parts} <= {JOURNAL, DATABASE, CONFIG}:
        raise BackupError("the archive is damaged: its manifest names what no archive holds")
    return manifest


def _write(content: IO[bytes], path: Path, wanted: Part) -> None:
    with path.open("wb") as file:
        shutil.copyfileobj(content, file, CHUNK)
    if part(path).sha256 != wanted.sha256:
        raise BackupError(f"the archive is damaged: the checksum of {wanted.name} is wrong; use another copy of it")


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry
