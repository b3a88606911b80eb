"""The instruments on disk, so that a restart without REST still resolves and subscribes."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from exporter.feeds.instruments import Listing

log = structlog.get_logger()


class InstrumentCache:
    """One JSON array of instruments per exchange; every call blocks and belongs into a thread.

    A cache is a convenience: what goes wrong with it is logged and otherwise ignored.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> list[Listing]:
        """Read the instruments of an earlier run; nothing when there are none or the file is unusable."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[Listing])
        except FileNotFoundError:
            log.debug("no instrument cache yet", path=str(self._path))
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("instrument cache ignored", path=str(self._path), reason=str(error))
        return []

    def save(self, listings: Sequence[Listing]) -> None:
        """Replace the file as a whole: a crash leaves the old one or the new one."""
        temporary = self._path.with_suffix(".tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(msgspec.json.encode(listings))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            log.warning("instrument cache not written", path=str(self._path), reason=str(error))
