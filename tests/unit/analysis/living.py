"""A running exporter's journal and analyst without its sockets: arrivals, commits, seconds, and sudden deaths."""

from exporter.analysis import Analyst, Course
from exporter.journal import Batch, Checkpoint, Database
from exporter.model import Liquidation
from exporter.signals.readings import LevelChange
from tests.unit.analysis.market import EAGER, FEEDS


class Living:
    def __init__(self, folder, parameters=EAGER, feeds=FEEDS, bases=("BTC",)):
        folder.mkdir(exist_ok=True)
        self.path = folder / "journal.db"
        self.parameters, self.feeds, self.bases = parameters, feeds, bases
        self._pending = []
        self._news = []
        self._reached = 0
        self.analyst = None
        self.start()

    @property
    def status(self):
        return self.analyst.status

    @property
    def engine(self):
        return self.analyst._course.engine

    def start(self):
        self.database = Database(self.path)
        self.analyst = Analyst(self.path, self.parameters, self.feeds, self.bases, self._news.extend)
        for _ in self.analyst.steps():
            pass

    def die(self):
        """Lose everything that is not in the file, start again on it, and look at the clock."""
        self.database.close()
        self._news = []
        self.start()
        self.second(self._reached)

    def commit(self, *entries):
        checkpoint = Checkpoint(0, [], [], saved) if (saved := self.analyst.due()) else None
        news, self._news[:] = list(self._news), []
        batch = Batch(list(entries), news=news, checkpoint=checkpoint, reached_ms=self._reached)
        self.analyst.apply(self.database.write(batch).records)

    def second(self, to_ms):
        self._reached = max(self._reached, to_ms)
        self.analyst.pass_time(to_ms)
        if self._news:
            self.commit()

    def live(self, arrivals, until_ms, deaths=()):
        """Receive everything, group by group, while the seconds pass; die before the arrivals with these numbers."""
        second, number = None, 0
        for received, entry in arrivals:
            if isinstance(entry, Liquidation) and received - entry.time_ms > 60_000:
                self.commit(entry)
                continue
            number += 1
            second = self._pass(second, received)
            if number in deaths:
                self.die()
            self._pending.append(entry)
            if number % 3 == 0:  # a commit takes what has arrived meanwhile
                self._flush()
        self._flush()
        self._pass(second, until_ms)

    def episodes(self):
        """What the file says of every episode, by id."""
        return {each.id: each for each in self.database.newest_episodes(1000)}

    def changes(self):
        """The changes of level in the file."""
        return [each.news for each in self.database.tellings(0, 10_000) if isinstance(each.news, LevelChange)]

    def _flush(self):
        pending, self._pending = self._pending, []
        if pending:
            self.commit(*pending)

    def _pass(self, second, received):
        second = received // 1000 if second is None else second
        while second < received // 1000:
            second += 1
            if not self._pending:  # as the journal promises it: nothing that came before may be outstanding
                self.second(second * 1000)
        return second


def replayed(database, parameters=EAGER):
    """The course through a journal from its beginning, and everything that came out."""
    course = Course.blank(parameters)
    changes, episodes = [], []
    for record in database.records():
        course.apply(record)
        outcomes = course.take()
        changes += outcomes.changes
        episodes += outcomes.episodes
    course.advance(database.last_applied_ms)
    outcomes = course.take()
    return course, changes + outcomes.changes, episodes + outcomes.episodes
