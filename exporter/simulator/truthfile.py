"""The truth about a run as a file: one JSON object a line, in the form of `Liquidation`, plus `certain`."""

import os
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path

import msgspec

from exporter.model import Liquidation


class TruthEvent(Liquidation, frozen=True, gc=False):
    """An event that an exchange sent; `certain` when the exporter must have received it."""

    certain: bool = False


def as_truth(event: Liquidation, *, certain: bool = True) -> TruthEvent:
    """Turn an event into truth, such as one of a past that the exporter is known to have."""
    return TruthEvent(**msgspec.structs.asdict(event), certain=certain)


def write(path: Path, events: Sequence[TruthEvent]) -> None:
    """Write a truth file, sorted by time as `replay` wants it: the whole of it or nothing; raises `OSError`."""
    encoder = msgspec.json.Encoder()
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        for event in sorted(events, key=attrgetter("time_ms")):
            file.write(encoder.encode(event) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read(path: Path) -> list[TruthEvent]:
    """Read a truth file; raises `OSError` or `msgspec.DecodeError`."""
    decoder = msgspec.json.Decoder(TruthEvent)
    with path.open("rb") as file:
        return [decoder.decode(line) for line in file]
