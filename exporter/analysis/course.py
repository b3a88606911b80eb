"""The engine on its course through the journal's records: one way to feed it, so that live and replayed agree."""

from collections.abc import Mapping
from typing import NamedTuple, Self

from exporter.exchanges import REGISTRY
from exporter.model import Liquidation, Record
from exporter.signals import Engine, Parameters, Sampling
from exporter.signals.readings import Episode, LargePrint, LevelChange


class Outcomes(NamedTuple):
    """What came out since the last time, each in its order."""

    changes: list[LevelChange]
    episodes: list[Episode]
    prints: list[LargePrint]


class Course:
    """An engine, the exchanges it knows, and the last record it took.

    `feeds` says what the exchanges publish that are listened to; one that is not among them joins at its first record.
    `heard` are the exchanges with feed records. Another is taken to be up from its first event on, and its events to
    have arrived in time: they come from a file that holds nothing but events, sorted.
    """

    def __init__(
        self,
        parameters: Parameters,
        feeds: Mapping[str, Sampling],
        engine: Engine | None = None,
        heard: frozenset[str] = frozenset(),
        seq: int = 0,
    ) -> None:
        self.parameters = parameters
        self.feeds = dict(feeds)
        self.engine = engine or Engine(parameters, feeds)
        self.heard = heard
        self.seq = seq
        self._known = set(feeds)
        """The exchanges that the engine has a place for; those that are no longer listened to keep it."""
        self._assumed: set[str] = set()
        self._late_ms = parameters.late_s * 1000.0
        self._held = Outcomes([], [], [])

    @classmethod
    def blank(cls, parameters: Parameters) -> Self:
        """Return a course that listens to nothing yet: each exchange joins at its first record.

        A journal begins with a record of every exchange that is listened to, so that this is what a live one does. The
        exchanges have their places in the engine from the start, the same in every run.
        """
        places = Engine(parameters, {name: sampling(name) for name in REGISTRY})
        return cls(parameters, {}, Engine.restore(places.snapshot(), parameters, {}))

    def apply(self, record: Record) -> None:
        """Take the next record. What looks back is left out, late events and filled outages: it counts elsewhere."""
        self.seq = record.seq
        entry = record.entry
        if isinstance(entry, Liquidation):
            if entry.exchange not in self.heard:
                self._assume(entry.exchange, record.applied_ms)
            elif entry.received_ms - entry.time_ms > self._late_ms:
                return
            self.engine.event(entry, record.applied_ms)
            return
        if entry.looks_back:
            return
        if entry.exchange not in self.heard:
            self.heard |= {entry.exchange}
            self._join(entry.exchange)
        self.engine.feed(entry.exchange, entry.up, record.applied_ms, entry.feed)

    def advance(self, to_ms: int) -> None:
        """Let time pass up to the last whole second before `to_ms`."""
        self.engine.advance(to_ms)

    def take(self) -> Outcomes:
        """Return what came out since the last call."""
        engine, held = self.engine, self._held
        self._held = Outcomes([], [], [])
        return Outcomes(
            held.changes + engine.take_changes(),
            held.episodes + engine.take_episodes(),
            held.prints + engine.take_prints(),
        )

    def configure(self, parameters: Parameters, feeds: Mapping[str, Sampling]) -> None:
        """Go on with other parameters or exchanges; what was learned stays."""
        if parameters != self.parameters or dict(feeds) != self.feeds:
            self._held = self.take()
            self.parameters, self.feeds = parameters, dict(feeds)
            self.engine = Engine.restore(self.engine.snapshot(), parameters, feeds)
            self._known |= set(feeds)
            self._late_ms = parameters.late_s * 1000.0

    def _assume(self, exchange: str, applied_ms: int) -> None:
        if exchange not in self._assumed:
            self._assumed.add(exchange)
            self._join(exchange)
            self.engine.feed(exchange, True, applied_ms)

    def _join(self, exchange: str) -> None:
        if exchange not in self._known:
            self.configure(self.parameters, self.feeds | {exchange: sampling(exchange)})


def sampling(exchange: str) -> Sampling:
    """Return what an exchange publishes by its capability record; one that is not known here is believed to be full."""
    known = REGISTRY.get(exchange)
    if known is None or known.capability.completeness == "full":
        return "full"
    return "unknown" if known.capability.completeness == "unspecified" else "sampled"
