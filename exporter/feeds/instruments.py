"""What is known of an exchange's instruments: all that ever were, and those that are listed now."""

from collections.abc import Iterable, Sequence

import msgspec

from exporter.exchanges.base import InstrumentRequest
from exporter.model import Instrument


class Listing(Instrument, frozen=True, gc=False, kw_only=True):
    """An instrument with where it is listed now: `source` names the REST call, empty for a delisted one."""

    source: str = ""


def source_of(request: InstrumentRequest) -> str:
    """Return the name of a REST call by which a listing survives a restart."""
    return f"{request.endpoint}{request.path}"


class InstrumentTable:
    """The instruments of one exchange, by name.

    `known` only grows: an event of a delisted instrument is still resolved. `marks` maps the instruments of the main
    coins `bases` that are priced in dollars to (base, multiplier).
    """

    def __init__(self, requests: Sequence[InstrumentRequest], bases: Sequence[str]) -> None:
        self.known: dict[str, Instrument] = {}
        self.marks: dict[str, tuple[str, float]] = {}
        self._bases = frozenset(bases)
        self._feeds = {source_of(request): request.feed for request in requests}
        self._listed: dict[str, dict[str, None]] = {source: {} for source in self._feeds}

    def replace(self, source: str, instruments: Sequence[Instrument]) -> None:
        """Take the complete answer of one REST call; what it no longer lists stays known.

        An empty answer changes nothing: exchanges give one during maintenance, and it would end every subscription.
        """
        if not instruments:
            return
        for instrument in instruments:
            self._know(instrument)
        self._listed[source] = dict.fromkeys(instrument.name for instrument in instruments)

    def restore(self, listings: Iterable[Listing]) -> None:
        """Take what an earlier run knew."""
        for listing in listings:
            fields = {name: getattr(listing, name) for name in Instrument.__struct_fields__}
            self._know(Instrument(**fields))
            if listing.source in self._listed:
                self._listed[listing.source][listing.name] = None

    def listings(self) -> list[Listing]:
        """Return everything that is known, for the next run."""
        sources = {name: source for source, names in self._listed.items() for name in names}
        return [
            Listing(**msgspec.structs.asdict(instrument), source=sources.get(name, ""))
            for name, instrument in self.known.items()
        ]

    def names(self, feed: str) -> list[str]:
        """Return the instruments that a feed lists now, in the exchange's order."""
        names = [name for source, owner in self._feeds.items() if owner == feed for name in self._listed[source]]
        return list(dict.fromkeys(names))

    def _know(self, instrument: Instrument) -> None:
        self.known[instrument.name] = instrument
        if instrument.base in self._bases and instrument.in_usd:
            self.marks[instrument.name] = (instrument.base, instrument.multiplier)
