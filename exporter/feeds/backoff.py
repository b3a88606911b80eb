"""How long to wait before the next attempt: exponential, full jitter, capped."""


class Backoff:
    """The delays between one connection's attempts.

    The ceiling doubles from `first` to `cap` (seconds) with every failure; the delay is a uniform share of it, so that
    many clients of a restarted exchange spread out. Only a socket that was live for `stable_after` seconds counts as a
    success: one that flaps keeps growing.
    """

    def __init__(self, cap: float, stable_after: float, first: float = 1.0) -> None:
        self._cap = cap
        self._stable_after = stable_after
        self._first = first
        self._failures = 0

    def ceiling(self) -> float:
        """Return the longest delay that the next failure can bring, in seconds."""
        return min(self._cap, self._first * 2.0 ** min(self._failures, 32))

    def reset(self) -> None:
        """Begin again with short delays."""
        self._failures = 0

    def after(self, lived: float, roll: float) -> float:
        """Return the delay after a failure of a socket that was live for `lived` seconds; `roll` is in [0, 1)."""
        if lived >= self._stable_after:
            self.reset()
        delay = self.ceiling() * roll
        self._failures += 1
        return delay
