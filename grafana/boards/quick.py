"""Quick look: eight numbers that can be read from across the room, for a screen on the wall."""

from grafana.boards import choices
from grafana.builder import variables
from grafana.builder.board import Board
from grafana.builder.fields import Look
from grafana.builder.layout import Row, Section
from grafana.builder.panels import Panel, stat
from grafana.builder.targets import Prom, now
from grafana.looks import LONG_SIDE, MONEY_SHORT, PRICE, SENTIMENT, SHORT_SIDE
from grafana.queries import LONG, MARKET, SHORT, ending, sentiment
from grafana.signals import LEVEL, MARKET_SIGNALS, SCORE
from grafana.strip import feeds

HOUR, DAY = 'window="1h"', 'window="24h"'
HEIGHT = 7
"""Two lines of this height fill a laptop; `&autofitpanels` in the address fits them to any screen."""


def _number(title: str, about: str, target: Prom, look: Look, *, signal: bool = False) -> Panel:
    """Return a value as large as its panel allows; a signal colours the whole panel."""
    return stat(
        title,
        about,
        [target],
        look,
        text="value_and_name" if target.legend else "value",
        colour="background" if signal else "value",
        centred=True,
    )


def _market() -> Panel:
    level = MARKET_SIGNALS.of("level")
    hit = ending(f"topk(1, {level} > 0)", "side", "s", "hit")
    return _number(
        "Market",
        "The level of the market as a whole, of the side where it is higher: critical is a cascade through many coins.",
        now(f'{hit} or on () label_replace(min({level}), "hit", "all coins", "", "")', "{{hit}}"),
        LEVEL,
        signal=True,
    )


def _highest() -> Panel:
    return _number(
        "Highest score",
        "The coin and side that look most like a cascade now, 0 to 100.",
        now("topk(1, max by (base, side) (liquidation_cascade_risk_score))", "{{base}} {{side}}s"),
        SCORE,
        signal=True,
    )


def _usd(title: str, about: str, where: str, look: Look) -> Panel:
    return _number(title, about, now(MARKET.total("notional_usd", where=where)), MONEY_SHORT.but(colour=look.colour))


def _first_line() -> Row:
    return Row(
        HEIGHT,
        [
            (6, _market()),
            (6, _highest()),
            (6, _usd("Longs, 1 h", "USD of longs liquidated in the last hour.", f"{HOUR}, {LONG}", LONG_SIDE)),
            (6, _usd("Shorts, 1 h", "USD of shorts liquidated in the last hour.", f"{HOUR}, {SHORT}", SHORT_SIDE)),
        ],
    )


def _second_line() -> Row:
    feeling = _number(
        "Sentiment, 1 h",
        "BEARISH when mostly longs were liquidated in the last hour, BULLISH when mostly shorts, by USD.",
        now(sentiment(MARKET.share("notional_usd", LONG, where=HOUR))),
        SENTIMENT,
    )
    largest = _number(
        "Largest, 1 h",
        "The largest single liquidation of the last hour, and its exchange.",
        now(f"topk(1, {MARKET.largest('exchange', HOUR)})", "{{exchange}}"),
        MONEY_SHORT,
    )
    price = _number(
        "$coin",
        "Mean mark price of the exchanges that send one, for main coins.",
        now('avg(liquidation_mark_price_usd{base="$coin"})'),
        PRICE.but(nothing="no main coin"),
    )
    day = _usd("All, 24 h", "USD liquidated in the last 24 hours, longs and shorts.", DAY, MONEY_SHORT)
    return Row(HEIGHT, [(6, feeling), (6, day), (6, largest), (6, price)])


QUICK = Board(
    file="quick",
    title="Quick look",
    about="Eight numbers for a screen on the wall: does anything cascade, which side, how much.",
    variables=[variables.source("prometheus"), choices.COIN],
    sections=[Section("", [feeds(), _first_line(), _second_line()])],
    span="now-1h",
    refresh="5s",
)
