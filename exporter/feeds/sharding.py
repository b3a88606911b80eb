"""Which connection carries which instrument of a feed that is subscribed by name."""

from collections.abc import Sequence


class Assignment:
    """Instruments by shard, at most `capacity` each (0: no limit).

    Sticky: an instrument stays where it is, so that a refresh never moves a running subscription. Vanished ones free
    their place for new ones.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.shards: list[list[str]] = []

    def update(self, names: Sequence[str]) -> None:
        """Carry exactly `names`, adding shards where the existing ones are full."""
        wanted = dict.fromkeys(names)
        self.shards = [[name for name in shard if name in wanted] for shard in self.shards]
        placed = {name for shard in self.shards for name in shard}
        new = [name for name in wanted if name not in placed]
        for shard in self.shards:
            room = max(0, self._capacity - len(shard)) if self._capacity else len(new)
            shard.extend(new[:room])
            del new[:room]
        step = self._capacity or max(1, len(new))
        self.shards += [new[start : start + step] for start in range(0, len(new), step)]
