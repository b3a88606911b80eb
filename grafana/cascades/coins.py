"""Which coins cascade: the highest scores now and what they are made of, and how the levels went on."""

from exporter.signals.readings import COMPONENTS
from grafana.builder import units
from grafana.builder.colours import PLAIN, WATCH
from grafana.builder.fields import Look
from grafana.builder.panels import Panel, timeline
from grafana.builder.tables import Column, prometheus_table
from grafana.builder.targets import series
from grafana.links import COIN_OF_ROW
from grafana.looks import COUNT, DURATION, MONEY_SHORT, SHARE, SIDE
from grafana.signals import LEVEL, MEANING, SCORE

TOP = 12
BY = "max by (base, side)"
SCORES = f"{BY} (liquidation_cascade_risk_score)"
LEVELS = f"{BY} (liquidation_cascade_level)"
RANKED = f"topk({TOP}, 1000 * ({LEVELS} > 0) or {SCORES} or {LEVELS})"
"""The sides of coins that are shown: at a level, the highest scores after them, unknown ones at the end."""
AGE = f"(time() - {BY} (liquidation_cascade_episode_start_timestamp_seconds))"
TITLES = dict(
    zip(COMPONENTS, ("Intensity", "Self-exc.", "One side", "Breadth", "Many", "Quiet"), strict=True),
)
PART = Look(unit=units.NUMBER, decimals=1)
WARMUP = Look(words={0: ("–", PLAIN), 1: ("learning", WATCH)})


def _shown(expr: str) -> str:
    return f"{expr} and on (base, side) {RANKED}"


def _of(figure: str) -> str:
    return _shown(f"{BY} (liquidation_cascade_{figure})")


def _of_coin(figure: str) -> str:
    """Return a figure that a coin has for both sides."""
    return _shown(f"({LEVELS} * 0 + on (base) group_left () max by (base) (liquidation_cascade_{figure}))")


def _part(component: str) -> str:
    return _shown(f'{BY} (liquidation_cascade_score_contribution{{component="{component}"}})')


def coins() -> Panel:
    """Return the table of the coins nearest to a cascade, with the parts of their scores."""
    parts = [Column(title=title, expr=_part(name), look=PART) for name, title in TITLES.items()]
    return prometheus_table(
        "Coins now",
        f"{MEANING} Those at a level, besides them the highest scores. What each part adds to the score's logit "
        "beyond an ordinary minute: many and large orders (intensity), orders that set off orders (self-exc.), "
        "nothing on the other side (one side), several exchanges (breadth), many orders instead of a large one "
        "(many), a coin that is usually quiet. Branching: orders that each order sets off. USD, orders and duration "
        "are of the open episode. Seen: the share of the coin's ordinary USD whose exchanges are up; below half "
        "nothing is known.",
        [
            Column(title="Coin", source="base", left=True, links=[COIN_OF_ROW]),
            Column(title="Side", source="side", look=SIDE, cell="color-text", left=True, width=82),
        ],
        [
            Column(title="Level", expr=_shown(LEVELS), look=LEVEL, cell="color-text", left=True, width=105),
            Column(
                title="Score",
                expr=_shown(f"({SCORES} or -1 + 0 * {LEVELS})"),
                look=SCORE,
                cell="color-text",
                width=78,
            ),
            *parts,
            Column(title="Branching", expr=_of("branching_ratio"), look=PART.but(decimals=2), width=84),
            Column(title="USD", expr=_of("episode_notional_usd"), look=MONEY_SHORT),
            Column(title="Orders", expr=_of("episode_events"), look=COUNT, width=70),
            Column(
                title="Lasts",
                expr=_shown(f"({AGE} or NaN * {LEVELS})"),
                look=DURATION.but(decimals=0),
                width=78,
            ),
            Column(title="Seen", expr=_of_coin("coverage_ratio"), look=SHARE.but(decimals=0), width=64),
            Column(title="Baseline", expr=_of_coin("warmup"), look=WARMUP, cell="color-text", left=True, width=80),
        ],
        sort="-Score",
    )


def levels() -> Panel:
    """Return the levels of the coins over time, those with the highest scores of the time range."""
    highest = f"topk({TOP}, {BY} (max_over_time(liquidation_cascade_risk_score[$__range] @ end())))"
    chosen = (
        f"liquidation_cascade_level and on (base, side) {highest}"  # first, because the maximum of all takes longer
    )
    return timeline(
        "Levels of coins",
        f"The level of the {TOP} sides of coins with the highest scores of the time range. A level that was on while "
        "too few feeds were up was held.",
        [series(f"{BY} ({chosen})", "{{base}} {{side}}s", interval="15s")],
        LEVEL,
    )
