"""What a metric family is."""

from typing import Literal

import msgspec

MetricType = Literal["counter", "gauge", "histogram", "info"]


class Family(msgspec.Struct, frozen=True):
    """One metric family.

    `name` is what queries select: a counter's with `_total`, an info's with `_info`, a histogram's without `_bucket`.
    `unit` is the base unit that the name ends with, empty where there is none; `help` is one line without quotes or
    backslashes.
    """

    name: str
    type: MetricType
    help: str
    labels: tuple[str, ...] = ()
    unit: str = ""

    @property
    def series(self) -> tuple[str, ...]:
        """The names of its series: three for a histogram, its own for the others."""
        if self.type == "histogram":
            return (f"{self.name}_bucket", f"{self.name}_count", f"{self.name}_sum")
        return (self.name,)
