"""The chosen coin: its score and level over time, and what the score is made of now."""

from exporter.signals.readings import COMPONENTS
from grafana.builder import Json, units
from grafana.builder.colours import PLAIN
from grafana.builder.fields import Look, for_name, looks
from grafana.builder.panels import Panel, bar_chart, over_time, timeline
from grafana.builder.targets import Prom, series, table
from grafana.signals import COIN_SIGNALS, LEVEL, MARKET_SIGNALS, MEANING, SIDE_COLOURS, SIDES, STEPS, Signals, scores

STEP = "5s"
NAMES = Look(unit=units.TEXT, texts={name: (name.replace("_", " "), PLAIN) for name in COMPONENTS})


def score_over_time(scope: Signals) -> Panel:
    """Return the scores over time, with lines where the levels begin."""
    lines: Json = {"custom.thresholdsStyle": {"mode": "line"}}
    return over_time(
        f"Score over time · {scope.name}",
        f"{MEANING} The lines are where watch, warning and critical begin; no line while it is unknown.",
        scores(scope),
        Look(unit=units.NUMBER, decimals=0, minimum=0, maximum=100, nothing="unknown", steps=STEPS),
        fill=10,
        overrides=[for_name(name, looks(look) | lines) for name, (_, look) in SIDES.items()],
    )


def levels_over_time() -> Panel:
    """Return the levels of the chosen coin and of the market over time."""
    queries: list[Prom] = [
        series(scope.one("level", side), f"{scope.name} {name}", interval=STEP)
        for scope in (COIN_SIGNALS, MARKET_SIGNALS)
        for name, (side, _) in SIDES.items()
    ]
    return timeline(
        "Levels · $coin and all coins",
        "The levels over time. A level begins at once and ends one step at a time.",
        queries,
        LEVEL,
    )


def parts() -> Panel:
    """Return what the scores of the chosen coin are made of."""
    names = {"component": "Part", "Value #A": "longs", "Value #B": "shorts"}
    changes: list[Json] = [
        {"id": "merge", "options": {}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {"Time": True},
                "indexByName": {name: index for index, name in enumerate(names)},
                "renameByName": names,
            },
        },
    ]
    return bar_chart(
        "Parts of the score · $coin",
        "What each part adds to the logit of the score beyond an ordinary minute, before the gates: to the right it "
        "speaks for a cascade, to the left against it. Nothing while the score is unknown.",
        [table(COIN_SIGNALS.of("score_contribution", "component", side)) for side, _ in SIDES.values()],
        Look(unit=units.NUMBER, decimals=1, nothing="unknown"),
        x="Part",
        horizontal=True,
        values="never",
        overrides=[*SIDE_COLOURS, for_name("Part", looks(NAMES))],
        changes=changes,
    )
