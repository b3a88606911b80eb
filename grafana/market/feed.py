"""How well the feed of the chosen exchange works, and what it is."""

from grafana.builder import units
from grafana.builder.colours import PLAIN, SERIES
from grafana.builder.fields import Look, for_name, looks
from grafana.builder.layout import Row
from grafana.builder.panels import Panel, over_time, stat
from grafana.builder.targets import Prom, now, series
from grafana.looks import COUNT, DURATION, PUBLISHES, SHARE, STATE
from grafana.pipeline.feeds import SILENCE
from grafana.pipeline.trust import COVERAGE
from grafana.queries import EXCHANGE, PRICE_KINDS, STATES, coded, in_range, published

CHOSEN = f"{{{EXCHANGE.selector}}}"
DELAYS = f"sum by (le) (rate(liquidation_exchange_event_delay_seconds_bucket{CHOSEN}[$__rate_interval]))"
PRICE_IS = Look(words={place: (kind, PLAIN) for place, kind in enumerate(PRICE_KINDS, 1)})


def _chosen(family: str) -> str:
    """Return by how much a counter of the exchange grew in the time range."""
    return in_range(f"liquidation_exchange_{family}_total{CHOSEN}")


def _number(title: str, about: str, target: Prom, look: Look, size: int = 20) -> Panel:
    return stat(title, about, [target], look, size=size)


def feed() -> Row:
    """Return one line about the feed: what it is, how it is now, and how it was in the time range."""
    return Row(3, [*_what_it_is(), *_how_it_was(), *_how_it_is()])


def _what_it_is() -> list[tuple[int, Panel]]:
    of_it = f"and on (exchange) liquidation_exchange_up{CHOSEN}"
    state = f"{coded('liquidation_exchange_state', 'state', STATES)} {of_it}"
    price = f"{coded('liquidation_exchange_info', 'price_kind', PRICE_KINDS)} {of_it}"
    return [
        (
            3,
            _number(
                "State",
                "The state of its feeds. While it is not live its liquidations are unknown, and not zero.",
                now(state),
                STATE,
            ),
        ),
        (
            4,
            _number(
                "Publishes",
                "Which of its liquidations the exchange itself publishes. Nothing is scaled up.",
                now(published(f"liquidation_exchange_up{CHOSEN}")),
                PUBLISHES,
                size=16,
            ),
        ),
        (
            3,
            _number(
                "Price is",
                "What its USD are computed with: the price of the fill, of the order, or the bankruptcy price of the "
                "position, which is below the market for longs.",
                now(price),
                PRICE_IS,
            ),
        ),
    ]


def _how_it_was() -> list[tuple[int, Panel]]:
    gap = _chosen("gap_seconds")
    filled = stat(
        "Gaps filled",
        "The share of its gaps in the time range that it was asked about afterwards (back-fill), and the calls that "
        "are still to be made. What was not asked stays unknown.",
        [
            now(f"clamp_max({_chosen('filled_gap_seconds')} / {gap}, 1)", "filled"),
            now(f"max(liquidation_exchange_backfill_pending_requests{CHOSEN})", "calls left"),
        ],
        COUNT,
        text="value_and_name",
        overrides=[for_name("filled", looks(SHARE.but(decimals=0, undefined="no gap")))],
        size=16,
    )
    return [
        (
            3,
            _number(
                "Live",
                "The share of the time range in which all of its feeds were live.",
                now(f"clamp_min(1 - {gap} / $__range_s, 0)"),
                COVERAGE,
            ),
        ),
        (3, filled),
        (
            3,
            _number(
                "Left out",
                "What it published in the time range and what is in no total: contracts on shares, metals, indices and "
                "currencies (feeds.asset_classes), closures that are no liquidations.",
                now(_chosen("excluded")),
                COUNT,
            ),
        ),
    ]


def _how_it_is() -> list[tuple[int, Panel]]:
    def since(what: str) -> Prom:
        return now(f"min(time() - liquidation_exchange_last_{what}_timestamp_seconds{CHOSEN})")

    newest = DURATION.but(decimals=0, nothing="none yet")
    return [
        (2, _number("Heard", "Time since its newest message of any kind.", since("message"), SILENCE)),
        (3, _number("Newest event", "Time since its newest liquidation, by its own clock.", since("event"), newest)),
    ]


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
        Look(unit=units.SECONDS, minimum=0, colour=SERIES, undefined="–"),
    )
