"""Which cascades are alerts at this moment, decided as the rules in alerting/rules/market.yml decide it.

An alert opens at level critical, if the episode is large enough, and is one alert until the episode is over. A coin
that was told before the whole market's alert opened ends together with it at the earliest: Alertmanager holds coins
back meanwhile, and would drop their end.
"""

from typing import NamedTuple

import msgspec

from exporter.alerts.wording import COIN_ALERT, MARKET_ALERT, annotations, coin_text, labels, market_text
from exporter.analysis.status import Present
from exporter.config import AlertsSection
from exporter.model import SIDES, Side
from exporter.signals.readings import CRITICAL, MARKET, Episode, Reading

END_AFTER_MS = 60_000
"""The end is posted so late that the rules have it already (keep_firing_for 30 s, a scrape, an evaluation): what they
send of an alert that still fires for them would open it again."""
COVERED_AFTER_MS = 15_000
"""A coin that opens this long after the market's alert is held back by Alertmanager."""


class Key(NamedTuple):
    """A coin and side, or a side of the market: base `*`."""

    base: str
    side: Side


class Alert(msgspec.Struct):
    """An alert that was opened: times in Unix ms, `ended_ms` 0 while it is on.

    `started_ms` is the episode's, `opened_ms` when it was first told. `covered`: Alertmanager holds it back for the
    market's.
    """

    labels: dict[str, str]
    annotations: dict[str, str]
    started_ms: int
    opened_ms: int
    covered: bool
    ended_ms: int = 0


class Roll:
    """The alerts that are open, and those whose end has not been told yet."""

    def __init__(self) -> None:
        self._alerts: dict[Key, Alert] = {}
        self._first = True

    def look(self, present: Present, config: AlertsSection) -> bool:
        """Take a moment of the engine; returns whether there is something new to tell."""
        readings = _readings(present)
        gone = dict.fromkeys(self._alerts.keys() - readings.keys())
        opened = [self._take(key, reading, present, config) for key, reading in (readings | gone).items()]
        self._first = False
        return any(opened) or any(self._is_due(alert, present.now_ms) for alert in self._alerts.values())

    def told(self, now_ms: int) -> list[Alert]:
        """Return what is to be posted: the alerts that are on, and the ends that are due."""
        return [alert for alert in self._alerts.values() if not alert.ended_ms or self._is_due(alert, now_ms)]

    def forget(self, alerts: list[Alert]) -> None:
        """Forget the ended ones of these alerts, which were posted."""
        gone = {id(alert) for alert in alerts if alert.ended_ms}
        self._alerts = {key: alert for key, alert in self._alerts.items() if id(alert) not in gone}

    def _is_due(self, alert: Alert, now_ms: int) -> bool:
        return bool(alert.ended_ms) and now_ms - alert.ended_ms >= END_AFTER_MS

    def _take(self, key: Key, reading: Reading | None, present: Present, config: AlertsSection) -> bool:
        """Open, renew or end the alert of a key; returns whether it opened."""
        alert = self._alerts.get(key)
        episode = reading.episode if reading else None
        on = alert is not None and not alert.ended_ms
        if reading and episode and (on or self._opens(reading, episode, config)):
            self._renew(key, episode, present, config)
            return not on
        if alert and on and not self._held(key, alert):
            alert.ended_ms = present.now_ms
        return False

    def _opens(self, reading: Reading, episode: Episode, config: AlertsSection) -> bool:
        """Tell whether an episode is to be told; after a start also one that has been critical before."""
        critical = reading.level >= CRITICAL or (self._first and episode.max_level >= CRITICAL)
        return critical and (episode.base == MARKET or episode.usd >= config.least_usd(episode.base))

    def _renew(self, key: Key, episode: Episode, present: Present, config: AlertsSection) -> None:
        alert = self._alerts.get(key)
        base = None if key.base == MARKET else key.base
        if alert is None:
            own = labels(base, key.side, config.labels)
            covered = base is not None and self._covered(key.side, present.now_ms)
            alert = self._alerts[key] = Alert(own, {}, episode.opened_ms, present.now_ms, covered)
        alert.ended_ms = 0
        name, text = (COIN_ALERT, coin_text(episode))
        if base is None:
            name, text = (MARKET_ALERT, market_text(episode, _usd(present, key.side)))
        alert.annotations = annotations(name, text, config.board, config.runbooks)

    def _held(self, key: Key, alert: Alert) -> bool:
        """Tell whether an alert has to wait for the end of the market's."""
        return key.base != MARKET and not alert.covered and self._market(key.side) is not None

    def _covered(self, side: Side, now_ms: int) -> bool:
        market = self._market(side)
        return market is not None and now_ms - market.opened_ms >= COVERED_AFTER_MS

    def _market(self, side: Side) -> Alert | None:
        """Return the market's alert while it is on."""
        alert = self._alerts.get(Key(MARKET, side))
        return alert if alert and not alert.ended_ms else None


def _readings(present: Present) -> dict[Key, Reading | None]:
    """Return the readings: first the market's, on which the coins depend."""
    parts = {MARKET: present.market} | present.coins
    return {Key(base, side): part.sides[side] for base, part in parts.items() for side in SIDES}


def _usd(present: Present, side: Side) -> dict[str, float]:
    """Return the USD of the coins' open episodes."""
    readings = {base: coin.sides[side] for base, coin in present.coins.items()}
    return {base: each.episode.usd for base, each in readings.items() if each and each.episode}
