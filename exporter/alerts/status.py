"""What the fast path has done, for the metrics."""


class AlertsStatus:
    """Posts to Alertmanager that were tried, and those that failed."""

    def __init__(self) -> None:
        self.posts = 0
        self.failures = 0
