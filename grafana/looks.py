"""Looks that boards share, so that the same kind of value looks the same everywhere."""

from exporter.exchanges import REGISTRY
from exporter.exchanges.base import PUBLISHES as PUBLISHED
from grafana.builder import Json, colours, units
from grafana.builder.fields import Look, for_name
from grafana.queries import STATES, VERDICTS

MONEY = Look(unit=units.USD, decimals=2, minimum=0, undefined="–")
"""USD, shortened: $1.23 Mil."""
MONEY_SHORT = MONEY.but(decimals=1)
"""The same for narrow columns: $1.2M."""
PRICE = Look(unit=units.COUNT)
COUNT = Look(unit=units.COUNT, decimals=0, minimum=0, undefined="–")
AMOUNT = Look(unit=units.AMOUNT, minimum=0)
SHARE = Look(unit=units.SHARE, decimals=1, minimum=0, maximum=1, undefined="–")
LONG_SIDE = Look(colour=colours.LONG)
SHORT_SIDE = Look(colour=colours.SHORT)
LONG_SHARE = SHARE.but(colour=colours.LONG)
RATIO = Look(unit=units.RATIO, decimals=2, minimum=0, undefined="–")
IMBALANCE = Look(
    unit=units.SHARE,
    decimals=1,
    minimum=-0.5,
    maximum=0.5,
    steps=[(None, colours.SHORT), (0, colours.LONG)],
    undefined="–",
)
HOURS_AS_WINDOW = Look(unit="suffix: h", decimals=0)
SECONDS = Look(unit=units.SECONDS, decimals=1, minimum=0)
DURATION = Look(unit=units.SECONDS, minimum=0, undefined="–")
BYTES = Look(unit=units.BYTES, decimals=1, minimum=0)
RATE = Look(unit=units.PER_SECOND, decimals=1, minimum=0)
AGO = Look(unit=units.AGO)

SIDE = Look(texts={"long": ("▼ long", colours.LONG), "short": ("▲ short", colours.SHORT)})

SENTIMENT = Look(
    words={
        1: ("BEARISH", colours.LONG),
        0: ("NEUTRAL", colours.PLAIN),
        -1: ("BULLISH", colours.SHORT),
    },
    undefined="no liquidations",
)
STATE = Look(
    words={
        place: (state, colour)
        for place, (state, colour) in enumerate(
            zip(STATES, (colours.GOOD, colours.WATCH, colours.WATCH, colours.BAD, colours.BAD), strict=True), 1
        )
    }
)
VERDICT = Look(
    words={
        place: (verdict, colour)
        for place, (verdict, colour) in enumerate(
            zip(VERDICTS, (colours.GOOD, *[colours.WATCH] * 4, colours.BAD), strict=True), 1
        )
    }
)
SHOULD_BE_0 = COUNT.but(steps=[(None, colours.PLAIN), (1, colours.WATCH)])
"""Counts of what is not wrong in itself and worth a look."""
MUST_BE_0 = COUNT.but(steps=[(None, colours.GOOD), (1, colours.BAD)])
PUBLISHES = Look(words={place: (text, colours.PLAIN) for place, text in enumerate(PUBLISHED.values(), 1)})
SHOWS = Look(
    words={
        place: (text, colours.PLAIN)
        for place, (text, _) in enumerate(zip(("all", "sample", "sample", "part", "?"), PUBLISHED, strict=True), 1)
    }
)
"""The same in one word, for tables that compare exchanges and have no room for more."""


def _line(place: int, name: str) -> Json:
    hues = len(colours.LINES)
    sign, stroke = colours.STROKES[place // hues % len(colours.STROKES)]
    look = {"color": {"mode": "fixed", "fixedColor": colours.LINES[place % hues]}, "custom.lineStyle": stroke}
    return for_name(name, look | ({"displayName": f"{name} {sign}"} if sign else {}))


EXCHANGE_LINES = [_line(place, name) for place, name in enumerate(REGISTRY)]
"""Overrides for graphs with a series for each exchange: the same line for it in each of them.

People with any common kind of colour blindness tell six colours apart, so that the others differ in their stroke, which
stands behind the name as well: not every Grafana draws it in the legend.
"""
