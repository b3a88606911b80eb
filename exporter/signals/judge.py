"""From evidence to levels and episodes: a coin and side after a batch of orders, or as a second ends."""

from exporter.signals.coin import Coin
from exporter.signals.episode import Track
from exporter.signals.hysteresis import entered, exit_score
from exporter.signals.readings import WARNING, WATCH, Episode, LargePrint, LevelChange
from exporter.signals.score import Evaluation
from exporter.signals.setting import Setting
from exporter.signals.side import SideState

_HOUR_MS = 3_600_000.0
_OVERLAP = 0.5


class Outbox:
    """What has happened and was not fetched yet."""

    __slots__ = ("changes", "episodes", "prints")

    def __init__(self) -> None:
        self.changes: list[LevelChange] = []
        self.episodes: list[Episode] = []
        self.prints: list[LargePrint] = []


class Judge:
    """Moves levels and episodes; `support` is the level that the market has by its coins, 0 for a coin."""

    __slots__ = ("_outbox", "_setting")

    def __init__(self, setting: Setting, outbox: Outbox) -> None:
        self._setting = setting
        self._outbox = outbox

    def judge(self, coin: Coin, index: int, now_ms: int, support: int = 0) -> bool:
        """Judge a coin and side at this moment; returns whether its level changed."""
        state = coin.sides[index]
        ordered, state.ordered = state.ordered, False
        if state.calm and not support and (state.muted or not self._might_open(coin, index)):
            return False
        state.judged_ms = now_ms
        clock = coin.clock(now_ms)
        evaluation = evaluate(coin, index, clock, self._setting)
        before = state.hysteresis.level
        changed = self._step(coin, state, evaluation, clock, support)
        if changed:
            self._tell(coin, state, before, evaluation, now_ms, support)
        self._follow(coin, index, evaluation, now_ms, ordered)
        state.calm = state.episode is None and not state.hysteresis.level
        return changed

    def _might_open(self, coin: Coin, index: int) -> bool:
        state = coin.sides[index]
        return state.might_open(coin.against_usd(index, state.evidence.clock), self._setting)

    def _step(self, coin: Coin, state: SideState, evaluation: Evaluation, clock: int, support: int) -> bool:
        parameters, level = self._setting.parameters, state.hysteresis.level
        levels = parameters.levels
        wanted = 0 if state.muted else entered(evaluation.score, levels)
        if wanted > WATCH and coin.warming(self._setting) and not self._certain(state, evaluation):
            wanted = WATCH
        stays = (
            coin.coverage < parameters.coverage.hold
            or support >= level
            or (evaluation.score >= exit_score(level, levels) and not state.muted)
        )
        return state.hysteresis.step(max(wanted, support), stays, clock, levels.dwell_s * 1000.0)

    def _certain(self, state: SideState, evaluation: Evaluation) -> bool:
        """Tell whether a cascade is beyond doubt although the coin is new."""
        rules = self._setting.parameters.warmup
        return state.run_usd >= rules.certain_floors * state.floor_usd and evaluation.scan >= rules.certain_scan

    def _tell(
        self, coin: Coin, state: SideState, before: int, evaluation: Evaluation, now_ms: int, support: int
    ) -> None:
        level = state.hysteresis.level
        by_score = entered(evaluation.score, self._setting.parameters.levels) >= level
        change = LevelChange(
            time_ms=now_ms,
            base=coin.base,
            side=state.name,
            level=level,
            previous=before,
            score=evaluation.score,
            contributions=evaluation.contributions,
            coverage=coin.coverage,
            by_breadth=level > before and not by_score and support >= level,
        )
        self._outbox.changes.append(change)

    def _follow(self, coin: Coin, index: int, evaluation: Evaluation, now_ms: int, ordered: bool) -> None:
        """Open the side's episode, let it go on, or close it."""
        state, rules = coin.sides[index], self._setting.parameters.episodes
        level, clock = state.hysteresis.level, coin.clock(now_ms)
        episode = state.episode
        if episode is None:
            if level < WARNING or not state.run.events:
                return
            episode = state.episode = Track(state.run, now_ms, clock)
            episode.hot(state.run.last_ms, clock)
        elif ordered and evaluation.score >= rules.hot_score:
            episode.hot(state.run.last_ms, clock)
        self._mark(coin, state, episode, evaluation, now_ms)
        if level > episode.max_level:
            episode.max_level = level
            self._outbox.episodes.append(self._record(coin, state, episode))
        if episode.over(clock, level, rules):
            self._close(coin, index, episode, now_ms)
        elif now_ms - episode.start_ms >= rules.roll_over_h * _HOUR_MS:
            episode.flag("rolled_over")
            self._close(coin, index, episode, now_ms)
            state.run.begin()

    def _mark(self, coin: Coin, state: SideState, episode: Track, evaluation: Evaluation, now_ms: int) -> None:
        parameters = self._setting.parameters
        episode.rate(evaluation.score, evaluation.contributions, state.evidence.branching)
        if coin.coverage < episode.coverage:
            episode.coverage = coin.coverage
        if coin.coverage < parameters.coverage.hold:
            episode.flag("gap")
        if coin.warming(self._setting):
            episode.flag("warmup")
        if now_ms - episode.start_ms >= parameters.episodes.prolonged_min * 60_000.0:
            episode.flag("prolonged")

    def _close(self, coin: Coin, index: int, episode: Track, now_ms: int) -> None:
        state, other = coin.sides[index], coin.sides[1 - index]
        beside = other.span if other.episode is None else (other.episode.start_ms, other.episode.end_ms)
        state.span = (episode.start_ms, episode.end_ms)
        if _overlap(state.span, beside) >= _OVERLAP:
            episode.flag("two_sided")
            if other.episode is not None:
                other.episode.flag("two_sided")
        self._outbox.episodes.append(self._record(coin, state, episode, now_ms))
        state.episode = None

    def _record(self, coin: Coin, state: SideState, episode: Track, closed_ms: int | None = None) -> Episode:
        return episode.record(coin.base, state.name, self._setting.exchanges.names, closed_ms)


def evaluate(coin: Coin, index: int, clock: int, setting: Setting) -> Evaluation:
    """Score a coin and side at a moment; changes nothing."""
    state = coin.sides[index]
    facts = state.facts(clock, coin.against_usd(index, clock))
    return setting.model.evaluate(facts, state.run_usd, state.floor_usd)


def _overlap(own: tuple[int, int], beside: tuple[int, int]) -> float:
    """Return which part of one's own time the other covers."""
    length = max(1, own[1] - own[0])
    return max(0, min(own[1], beside[1]) - max(own[0], beside[0]) + 1) / length
