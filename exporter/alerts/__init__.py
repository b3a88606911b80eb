"""The fast path of alerts: the exporter posts a cascade to Alertmanager itself, within a second.

It posts what the rules of Prometheus make some seconds later, with the same labels, so that Alertmanager takes both for
one alert. `Roll` decides what is told, `FastPath` posts it.
"""

from exporter.alerts.path import FastPath
from exporter.alerts.status import AlertsStatus

__all__ = ["AlertsStatus", "FastPath"]
