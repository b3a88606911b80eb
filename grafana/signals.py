"""Score, level and episodes of cascades: the queries and looks that several boards use."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.signals.parameters import Levels
from grafana.builder import units
from grafana.builder.colours import BAD, PLAIN, SERIOUS, UNKNOWN, WATCH
from grafana.builder.fields import Look, for_name, looks
from grafana.builder.panels import Panel, stat
from grafana.builder.targets import Prom, now, series
from grafana.looks import LONG_SIDE, SHORT_SIDE
from grafana.queries import LONG, SHORT

LEVELS: Mapping[float, tuple[str, str]] = {
    -1: ("◌ unknown", UNKNOWN),
    0: ("○ none", PLAIN),
    1: ("◔ watch", WATCH),
    2: ("◑ warning", SERIOUS),
    3: ("● CRITICAL", BAD),
}
LEVEL = Look(words=LEVELS, nothing="not known")

STEPS = [
    (None, PLAIN),
    *((getattr(Levels(), name).enter, colour) for name, colour in (("watch", WATCH), ("warning", SERIOUS))),
    (Levels().critical.enter, BAD),
]
"""Where the levels begin, as shipped; the alerts begin with the levels."""
NOT_KNOWN = -1
SCORE = Look(
    unit=units.NUMBER,
    decimals=0,
    minimum=0,
    maximum=100,
    steps=STEPS,
    words={NOT_KNOWN: ("unknown", UNKNOWN)},
    nothing="unknown",
)
SIDES = {"longs": (LONG, LONG_SIDE), "shorts": (SHORT, SHORT_SIDE)}


@dataclass(frozen=True)
class Signals:
    """The signals of the market, or of the chosen coin; `name` is how titles call it."""

    name: str
    family: str
    selector: str = ""

    def of(self, figure: str, by: str = "side", where: str = "") -> str:
        """Return a figure for each value of the labels `by`."""
        return f"max by ({by}) ({self.series(figure, where)})"

    def one(self, figure: str, where: str) -> str:
        """Return a figure of one side."""
        return f"max({self.series(figure, where)})"

    def score(self, where: str) -> str:
        """Return the score of one side, -1 while it is unknown."""
        return f"{self.one('risk_score', where)} or {NOT_KNOWN} + 0 * {self.one('level', where)}"

    def series(self, figure: str, where: str) -> str:
        """Return the series of a figure."""
        return f"{self.family}_{figure}{{{', '.join(filter(None, (self.selector, where)))}}}"


MARKET_SIGNALS = Signals("all coins", "liquidation_market_cascade")
COIN_SIGNALS = Signals("$coin", "liquidation_cascade", 'base="$coin"')

MEANING = (
    "How much the last seconds to minutes look like a cascade, 0 to 100; docs/cascades.md says what that is worth."
)


def scores_now(scope: Signals, title: str = "Cascade score", size: int = 22) -> Panel:
    """Return the scores of longs and shorts now."""
    return stat(
        title,
        f"{MEANING} Coloured by the level that the score reaches. Unknown is not calm: too few feeds are up.",
        [now(scope.score(side), name) for name, (side, _) in SIDES.items()],
        SCORE,
        text="value_and_name",
        size=size,
    )


def levels_now(scope: Signals, size: int = 22) -> Panel:
    """Return the levels of longs and shorts now."""
    return stat(
        f"Level · {scope.name}",
        "watch: it may become a cascade; warning: it most probably is one, an episode is open; critical: it is one, "
        "and large. A level that is on is held while too few feeds are up.",
        [now(scope.one("level", side), name) for name, (side, _) in SIDES.items()],
        LEVEL,
        text="value_and_name",
        size=size,
    )


def scores(scope: Signals) -> list[Prom]:
    """Return the queries for the scores over time."""
    return [series(scope.one("risk_score", side), name) for name, (side, _) in SIDES.items()]


SIDE_COLOURS = [for_name(name, looks(look)) for name, (_, look) in SIDES.items()]
"""Overrides for panels with the series `longs` and `shorts`."""
