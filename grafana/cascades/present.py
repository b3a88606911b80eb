"""What is to be known of cascades in five seconds: the market, how many coins, how far it can be judged."""

from grafana.builder.colours import PLAIN, WATCH
from grafana.builder.fields import Look, for_name, looks
from grafana.builder.layout import Row
from grafana.builder.panels import Panel, stat
from grafana.builder.targets import now
from grafana.looks import COUNT, MONEY, SHARE
from grafana.signals import MARKET_SIGNALS, SIDE_COLOURS, SIDES, levels_now, scores_now

STRESS = SHARE.but(decimals=0, nothing="not known before a day")
NOT_JUDGED = COUNT.but(steps=[(None, PLAIN), (1, WATCH)])


def _coins() -> Panel:
    return stat(
        "Coins cascading",
        "How many coins have an open episode: it began with the level warning and lasts until two minutes after the "
        "last order that belonged to it.",
        [now(f"sum(liquidation_cascade_active{{{side}}})", name) for name, (side, _) in SIDES.items()],
        COUNT,
        text="value_and_name",
        overrides=SIDE_COLOURS,
        size=22,
    )


def _usd() -> Panel:
    return stat(
        "USD in open episodes",
        "What the open episodes of all coins have liquidated so far.",
        [now(f"sum(liquidation_cascade_episode_notional_usd{{{side}}})", name) for name, (side, _) in SIDES.items()],
        MONEY.but(decimals=1),
        text="value_and_name",
        overrides=SIDE_COLOURS,
        size=22,
    )


def _not_judged() -> Panel:
    unknown = "count(max by (base) (liquidation_cascade_level) == -1) or vector(0)"
    return stat(
        "Not judged",
        "Coins of which nothing is known because too few of their feeds are up; coins of which it is still being "
        "learned what is ordinary: their level stays at watch unless the evidence is overwhelming.",
        [now(unknown, "unknown"), now("sum(liquidation_cascade_warmup)", "learning")],
        NOT_JUDGED,
        text="value_and_name",
        size=22,
    )


def stress() -> Panel:
    """Return how unusual the last hour and day are."""
    targets = [
        now(f'max(liquidation_stress_ratio{{{side}, window="{window}"}})', f"{name} {window}")
        for window in ("1h", "24h")
        for name, (side, _) in SIDES.items()
    ]
    sides = [
        for_name(f"{name} {window}", looks(Look(colour=look.colour)))
        for window in ("1h", "24h")
        for name, (_, look) in SIDES.items()
    ]
    return stat(
        "Stress",
        "The share of the last 30 days (or since the start) in which an hour, or a day, had less liquidated than the "
        "last one. It shows a slow grind, which is no cascade.",
        targets,
        STRESS,
        text="value_and_name",
        overrides=sides,
        size=15,
    )


def present() -> Row:
    """Return the row that answers in five seconds."""
    return Row(
        4,
        [
            (5, levels_now(MARKET_SIGNALS, size=18)),
            (4, scores_now(MARKET_SIGNALS, "Cascade score · all coins")),
            (3, _coins()),
            (4, _usd()),
            (3, _not_judged()),
            (5, stress()),
        ],
    )
