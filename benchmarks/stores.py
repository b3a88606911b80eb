"""Both stores, each against the ways in which programs usually write to it: `stores_redis` and `stores_sql`."""

from benchmarks import stores_redis, stores_sql
from benchmarks.report import Progress, Row


def run(progress: Progress) -> list[Row]:
    return [*stores_redis.run(progress), *stores_sql.run(progress)]
