"""The cascade signals at work: the pure engine fed with the journal's records, and what is made of its answers.

`Course` feeds the engine, the same way live, after a restart and in a replay. `Analyst` is the live one: it lets time
pass, tells the journal and the log, and keeps `SignalsStatus`, which metrics, API and page render.
"""

from exporter.analysis.analyst import Analyst
from exporter.analysis.clock import keep_time
from exporter.analysis.course import Course, Outcomes, sampling
from exporter.analysis.status import Present, SignalsStatus

__all__ = ["Analyst", "Course", "Outcomes", "Present", "SignalsStatus", "keep_time", "sampling"]
