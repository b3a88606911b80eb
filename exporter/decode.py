"""Raw frames of an exchange into events of the interchange form: what the command `decode` does."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from exporter.exchanges.base import Ack, Archive, Liquidations, ParseError, Unknown
from exporter.exchanges.reading import DECODE_ERRORS
from exporter.model import USD_QUOTES, Instrument, Liquidation, RawLiquidation, resolve

Event = dict[str, object]
"""A `Liquidation` by field name.

base, quote, settle, kind, base_quantity, notional_usd and usd_rate are None when unknown.
"""

_NOTHING: Event = dict.fromkeys(Liquidation.__struct_fields__)


class Problem(msgspec.Struct, frozen=True):
    """What could not be used on a line (counted from 1), and why.

    `malformed` is true when the whole frame is not what the exchange documents. Otherwise `text` is the refused row, or
    empty for a frame of an undocumented kind.
    """

    line: int
    reason: str
    malformed: bool
    text: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        kind = "malformed frame: " if self.malformed else ""
        return f"line {self.line}: {kind}{self.reason}{': ' if self.text else ''}{self.text}"


def decode(
    exchange: Archive,
    lines: Iterable[bytes | str],
    instruments: Mapping[str, Instrument],
    received_ms: int | None = None,
) -> Iterator[Event | Problem]:
    """Turn frames, one a line, into events in the frames' order, and problems where they occur; raises nothing.

    Frames that carry no liquidations (most acknowledgements, heartbeats, mark prices) and blank lines give nothing.
    `received_ms` None means that every event was received at its own time. Equal events are not merged.
    """
    for number, line in enumerate(lines, 1):
        frame = line.strip()
        if not frame:
            continue
        try:
            parsed = exchange.parse(frame, received_ms or 0)
        except ParseError as error:
            yield Problem(number, str(error), malformed=True)
            continue
        if isinstance(parsed, Unknown):
            yield Problem(number, "a frame of an undocumented kind", malformed=False)
        found = parsed.found if isinstance(parsed, Ack) else parsed
        if isinstance(found, Liquidations):
            for raw in found.events:
                yield _event(raw, instruments.get(raw.instrument), received_ms)
            for row in found.rejected:
                yield Problem(number, f"row refused, bad {row.reason}", malformed=False, text=row.row)


def load_instruments(path: Path, exchange: Archive) -> dict[str, Instrument]:
    """Read the instruments of `exchange` from a file, by name; raises `ValueError` with one line to show.

    The file is what the exporter caches (a JSON array of `Instrument` objects), or an answer of the exchange's REST
    interface as saved, or an array of such answers.
    """
    try:
        body = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        found = [instrument for part in _parts(body) for instrument in _instruments(part, exchange)]
    except ParseError as error:
        raise ValueError(f"{path}: neither instruments nor an instrument answer of {exchange.name}: {error}") from None
    known = {instrument.name: instrument for instrument in found if instrument.exchange == exchange.name}
    if not known:
        raise ValueError(f"{path}: holds no instruments of {exchange.name}")
    return known


def _event(raw: RawLiquidation, instrument: Instrument | None, received_ms: int | None) -> Event:
    if received_ms is None:
        raw = msgspec.structs.replace(raw, received_ms=raw.time_ms)
    if instrument is not None and instrument.value_coin in USD_QUOTES:
        return msgspec.structs.asdict(resolve(raw, instrument))
    event = _NOTHING | msgspec.structs.asdict(raw) | {"origin": "live"}
    if instrument is not None:  # its value is in another coin: what it was worth in USD would be a guess
        event |= {name: getattr(instrument, name) for name in ("base", "quote", "settle", "kind")}
    return event


def _parts(body: bytes) -> list[msgspec.Raw]:
    """Split a JSON array into its members; anything else is one part."""
    try:
        return msgspec.json.decode(body, type=list[msgspec.Raw])
    except DECODE_ERRORS:
        return [msgspec.Raw(body)]


def _instruments(part: msgspec.Raw, exchange: Archive) -> list[Instrument]:
    try:
        return [msgspec.json.decode(part, type=Instrument)]
    except DECODE_ERRORS:
        return exchange.parse_instruments(exchange.instrument_requests[0], bytes(part)).instruments
