"""One line of figures: which side is being liquidated, by how much, and where most of it happens."""

from grafana.builder.fields import for_name, looks
from grafana.builder.layout import Row
from grafana.builder.panels import Panel, stat
from grafana.builder.targets import now
from grafana.looks import IMBALANCE, LONG_SIDE, MONEY, RATIO, SENTIMENT, SHARE, SHORT_SIDE
from grafana.market import BY, SAMPLE_NOTE, STAR_NOTE
from grafana.queries import CHOSEN_WINDOW, EXCHANGE, LONG, MARKET, SHORT, Windows, marked
from grafana.queries import sentiment as sentiment_of
from grafana.signals import COIN_SIGNALS, MARKET_SIGNALS, scores_now

SIGNALS = {scope.name: scope for scope in (MARKET_SIGNALS, COIN_SIGNALS)}


def balance(scope: Windows) -> Row:
    """Return one line of figures: which side is liquidated, by how much, and where most of it happens."""
    long, short = (scope.total(BY, where=f"{side}, {CHOSEN_WINDOW}") for side in (LONG, SHORT))
    long_share = scope.share(BY, LONG, where=CHOSEN_WINDOW)
    short_share = scope.share(BY, SHORT, where=CHOSEN_WINDOW)
    where = _where(scope)
    sentiment = stat(
        "Sentiment",
        "BEARISH when longs are at least the configured share of what was liquidated (55 % unless changed), BULLISH "
        f"when they are at most the lower one (45 %): {where}. It describes the window and predicts nothing.",
        [now(sentiment_of(long_share))],
        SENTIMENT,
        size=26,
    )
    shares = stat(
        "Long and short",
        f"Shares of liquidated longs and shorts: {where}, by what is chosen above.",
        [now(long_share, "longs"), now(short_share, "shorts")],
        SHARE,
        text="value_and_name",
        size=22,
        overrides=[for_name("longs", looks(LONG_SIDE)), for_name("shorts", looks(SHORT_SIDE))],
    )
    ratio = stat(
        "Long / short",
        f"Liquidated longs divided by liquidated shorts: {where}.",
        [now(f"{long} / {short}")],
        RATIO,
        size=22,
    )
    imbalance = stat(
        "Imbalance",
        f"Share of longs minus 50 %: above zero toward longs, below zero toward shorts: {where}.",
        [now(f"{long_share} - 0.5")],
        IMBALANCE,
        size=22,
    )
    largest = stat(
        "Largest",
        f"The largest single liquidation: {where}.",
        [now(scope.largest("side", CHOSEN_WINDOW), "{{side}}")],
        MONEY,
        text="value_and_name",
        size=22,
        overrides=[for_name("long", looks(LONG_SIDE)), for_name("short", looks(SHORT_SIDE))],
    )
    if scope is EXCHANGE:
        return Row(3, [(3, sentiment), (6, shares), (3, ratio), (3, imbalance), (4, _weight(scope)), (5, largest)])
    score = scores_now(SIGNALS[scope.name])
    figures = [
        (3, sentiment),
        (4, score),
        (4, shares),
        (3, ratio),
        (3, imbalance),
        (3, _dominance(scope)),
        (4, largest),
    ]
    return Row(3, figures)


def _dominance(scope: Windows) -> Panel:
    by_exchange = f"{scope.total(BY, 'exchange', CHOSEN_WINDOW)} / scalar({scope.total(BY, where=CHOSEN_WINDOW)})"
    return stat(
        "Dominance",
        f"The exchange with the largest share: {_where(scope)}. {STAR_NOTE}",
        [now(marked(f"topk(1, {by_exchange})"), "{{shown}}")],
        SHARE,
        text="value_and_name",
        size=22,
    )


def _weight(scope: Windows) -> Panel:
    return stat(
        "Share of all",
        f"Its share of what all exchanges published: {_where(scope)}. {SAMPLE_NOTE}",
        [now(f"{scope.total(BY, where=CHOSEN_WINDOW)} / {MARKET.total(BY, where=CHOSEN_WINDOW)}")],
        SHARE,
        size=22,
    )


def _where(scope: Windows) -> str:
    return f"{scope.name}, last $window"
