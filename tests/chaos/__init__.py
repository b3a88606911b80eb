"""Everything is killed, cut off and filled up while a busy market goes on; afterwards every store must be right."""

from contextlib import ExitStack

from stack.programs import has_timescale
from tests import services
from tests.chaos.plan import draw
from tests.chaos.run import Run
from tests.redis_server import new_server

PERSISTENCE = {"aof": ("--appendonly", "yes"), "none": ()}


def play(folder, *, seed, kills, seconds, persistence, database, say):
    """Play a run in a folder; returns what was wrong. `database` None takes TimescaleDB where it is installed."""
    kind = database or ("timescale" if has_timescale() else "plain")
    say(f"seed {seed}: {kills} kills in {seconds:g} s; redis with persistence {persistence}, database {kind}")
    with ExitStack() as stack:
        postgres = services.Postgres(timescale=kind == "timescale")
        stack.callback(postgres.stop)
        redis_server = new_server(folder, *PERSISTENCE[persistence]).start()
        stack.callback(redis_server.kill)
        run = Run(folder, redis_server, postgres, say)
        run.play(seed, draw(seed, kills, seconds))
    for problem in run.problems:
        say(f"WRONG: {problem}")
    say(f"{len(run.problems)} problems" if run.problems else "nothing lost, nothing doubled")
    return run.problems
