"""What can be known of the journal while it runs."""

from exporter.histogram import Histogram

COMMIT_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class JournalStatus:
    """What is known about the journal at this moment."""

    def __init__(self) -> None:
        self.up = True
        self.error = ""
        self.full = False
        """Whether it fails because the disk has no room."""
        self.size_bytes = 0
        self.free_bytes = 0
        """How much room the disk has."""
        self.queued = 0
        self.dropped = 0
        self.last_seq = 0
        self.commit_seconds = Histogram(COMMIT_BUCKETS)
