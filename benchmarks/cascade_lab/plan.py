"""Which seeds teach and which are judged, and how many of each a run takes."""

import msgspec

TRAIN_FROM, TEST_FROM = 1000, 5000
"""First seeds; the test weeks are looked at for nothing but the result."""


class Plan(msgspec.Struct, frozen=True):
    """How many symbol-weeks a run takes: to tune and fit on, to be judged by, and per shift."""

    train: int = 96
    test: int = 100
    shifted: int = 24
    test_from: int = TEST_FROM

    @property
    def train_seeds(self) -> range:
        """The seeds that may be learned from."""
        return range(TRAIN_FROM, TRAIN_FROM + self.train)

    @property
    def test_seeds(self) -> range:
        """The seeds that are judged."""
        return range(self.test_from, self.test_from + self.test)

    @property
    def shifted_seeds(self) -> range:
        """The seeds of the shifted markets: the first of the test seeds."""
        return range(self.test_from, self.test_from + self.shifted)


FULL = Plan()
QUICK = Plan(train=48, test=20, shifted=8)
