"""The worked example: what the engine said at the moments of one cascade that matter."""

from collections.abc import Iterator

from benchmarks.cascade_lab.episode import Second, Shown
from benchmarks.cascade_lab.grid import Grid
from exporter.signals.readings import COMPONENTS, LEVEL_NAMES, Reading

MINUTE_AFTER = 60


def example(shown: Shown) -> Grid:
    """Return a table of those moments: the score, its level, and the six contributions that make it."""
    start = shown.cascade.start
    names = [name.replace("_", " ") for name in COMPONENTS]
    rows = [
        [
            moment,
            f"{second.at - start:.0f} s",
            number(second.reading),
            *(f"{part:+.2f}" for part in parts(second.reading)),
        ]
        for moment, second in moments(shown)
    ]
    side = "long" if shown.cascade.side == 0 else "short"
    title = f"A {side} cascade of {shown.cascade.usd / 1e6:.1f} M USD, {shown.cascade.days:.0%} of a mean day"
    return Grid(title, ["moment", "time", "score and level", "x of calm", *names, "x"], rows)


def moments(shown: Shown) -> Iterator[tuple[str, Second]]:
    """Yield the moments in time order: before it, its beginning, each level, the highest score, a minute after it."""
    cascade, seconds = shown.cascade, shown.seconds
    named = [
        ("a minute before", at_or_after(seconds, cascade.start - 60)),
        ("ten seconds in", at_or_after(seconds, cascade.start + 10)),
    ]
    named.append(("meets the definition", at_or_after(seconds, cascade.eligible)))
    for level in (1, 2, 3):
        reached = [second for second in seconds if second.at >= cascade.start and second.reading.level >= level]
        named += [(f"{LEVEL_NAMES[level]} begins", second) for second in reached[:1]]
    named.append(("highest score", max(seconds, key=lambda second: second.reading.score or 0.0)))
    named.append(("a minute after the last order", at_or_after(seconds, cascade.end + MINUTE_AFTER)))
    yield from sorted(named, key=lambda moment: moment[1].at)


def at_or_after(seconds: list[Second], at: float) -> Second:
    """Return the first second that is complete at an instant."""
    return next(second for second in seconds if second.at >= at)


def number(reading: Reading) -> str:
    """Write score and level."""
    score = "unknown" if reading.score is None else f"{reading.score:.0f}"
    return f"{score}, {LEVEL_NAMES[reading.level]}"


def parts(reading: Reading) -> tuple[float, ...]:
    """Return calm, the contributions and their sum."""
    return (reading.x_calm, *reading.contributions, reading.x_calm + reading.excess)
