"""How well the feed of the chosen exchange works."""

from grafana.builder import units
from grafana.builder.fields import Look
from grafana.builder.layout import Row
from grafana.builder.panels import Panel, over_time, stat
from grafana.builder.targets import Prom, now, series
from grafana.looks import DURATION, PUBLISHES, STATE
from grafana.pipeline.feeds import SILENCE
from grafana.pipeline.trust import COVERAGE
from grafana.queries import COMPLETENESS, EXCHANGE, STATES, coded, in_range

CHOSEN = f"{{{EXCHANGE.selector}}}"
DELAYS = f"sum by (le) (rate(liquidation_exchange_event_delay_seconds_bucket{CHOSEN}[$__rate_interval]))"


def _number(title: str, about: str, target: Prom, look: Look) -> Panel:
    return stat(title, about, [target], look, size=20)


def feed() -> Row:
    """Return one line about the feed, now and in the time range."""
    live = f"clamp_min(1 - {in_range(f'liquidation_exchange_gap_seconds_total{CHOSEN}')} / $__range_s, 0)"
    state = f"{coded('liquidation_exchange_state', 'state', STATES)} and on (exchange) liquidation_exchange_up{CHOSEN}"
    published = coded("liquidation_exchange_info", "completeness", COMPLETENESS)
    return Row(
        3,
        [
            (
                4,
                _number(
                    "State",
                    "The state of its feeds. While it is not live its liquidations are unknown, and not zero.",
                    now(state),
                    STATE,
                ),
            ),
            (
                5,
                _number(
                    "Publishes",
                    "Which of its liquidations the exchange itself publishes. Nothing is scaled up.",
                    now(f"{published} and on (exchange) liquidation_exchange_up{CHOSEN}"),
                    PUBLISHES,
                ),
            ),
            (
                5,
                _number(
                    "Live", "The share of the time range in which all of its feeds were live.", now(live), COVERAGE
                ),
            ),
            (
                5,
                _number(
                    "Heard",
                    "Time since its newest message of any kind.",
                    now(f"min(time() - liquidation_exchange_last_message_timestamp_seconds{CHOSEN})"),
                    SILENCE,
                ),
            ),
            (
                5,
                _number(
                    "Newest liquidation",
                    "Time since its newest liquidation, by its own clock.",
                    now(f"min(time() - liquidation_exchange_last_event_timestamp_seconds{CHOSEN})"),
                    DURATION.but(decimals=0, nothing="none yet"),
                ),
            ),
        ],
    )


def delay_over_time() -> Panel:
    """Return how long its liquidations take to arrive."""
    return over_time(
        "Delay of liquidations · $venue",
        "From a liquidation's time at the exchange to its arrival: half came faster than the first line, 99 of 100 "
        "faster than the second. No line while there are none.",
        [
            series(f"histogram_quantile(0.5, {DELAYS})", "p50", interval="15s"),
            series(f"histogram_quantile(0.99, {DELAYS})", "p99", interval="15s"),
        ],
        Look(unit=units.SECONDS, minimum=0, colour="palette-classic-by-name", undefined="–"),
    )
