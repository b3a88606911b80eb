import asyncio
import threading

import pytest

from exporter.web.answers import ApiError
from exporter.web.worker import WAITING, Worker


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.close()


async def test_jobs_run_one_at_a_time_off_the_loop(worker):
    running = []
    most = []

    def job():
        running.append(threading.get_ident())
        most.append(len(running))
        running.pop()
        return threading.get_ident()

    threads = await asyncio.gather(*(worker.run(job) for _ in range(20)))
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()
    assert max(most) == 1


async def test_a_flood_is_refused_and_passes(worker):
    gate = threading.Event()
    waiting = [asyncio.create_task(worker.run(gate.wait)) for _ in range(WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(ApiError) as caught:
        await worker.run(lambda: None)
    assert caught.value.status == 503
    gate.set()
    assert all(await asyncio.gather(*waiting))
    assert await worker.run(lambda: "again") == "again"


async def test_what_a_job_raises_arrives(worker):
    with pytest.raises(ZeroDivisionError):
        await worker.run(lambda: 1 / 0)
