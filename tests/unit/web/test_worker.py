import asyncio
import threading

import pytest
from aiohttp.test_utils import make_mocked_request

from exporter.web import worker as module
from exporter.web.answers import ApiError
from exporter.web.scrape import MOST_FORMS, Scrape
from exporter.web.worker import BURST_S, LONGEST_REST_S, SHARE, WAITING, Worker


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


def test_beyond_a_burst_jobs_keep_to_their_share(worker, monkeypatch):
    now = 100.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    assert worker._rest_s() == 0
    worker._spent_s = BURST_S
    assert worker._rest_s() == 0, "a burst is free"
    worker._spent_s = BURST_S + 0.03
    assert worker._rest_s() == pytest.approx(0.03 / SHARE)
    now += 0.03 / SHARE
    assert worker._rest_s() == pytest.approx(0)
    worker._spent_s = 1e6
    assert worker._rest_s() == LONGEST_REST_S


async def test_what_a_job_takes_of_the_processor_is_counted(worker):
    await worker.run(lambda: sum(range(1_000_000)))
    spent = worker._spent_s
    assert spent > 0
    await worker.run(threading.Event().is_set)
    assert worker._spent_s < 2 * spent


async def test_a_page_is_shared_by_all_that_ask_before_it_is_begun():
    worker, gate, pages = Worker(), threading.Event(), []

    def render(_accept, _now):
        pages.append(len(pages))
        return b"%d" % pages[-1], "text/plain"

    scrape = Scrape(render, worker)
    busy = asyncio.create_task(worker.run(gate.wait))
    asked = [asyncio.create_task(scrape.metrics(make_mocked_request("GET", "/metrics"))) for _ in range(10)]
    await asyncio.sleep(0)
    gate.set()
    await busy
    assert {(await each).body for each in asked} == {b"0"}
    assert (await scrape.metrics(make_mocked_request("GET", "/metrics"))).body == b"1"
    worker.close()


async def test_no_more_forms_of_the_page_wait_than_there_are_places():
    worker, gate = Worker(), threading.Event()
    scrape = Scrape(lambda _accept, _now: (b"", "text/plain"), worker)
    busy = asyncio.create_task(worker.run(gate.wait))
    forms = [make_mocked_request("GET", "/metrics", headers={"Accept": f"a/{n}"}) for n in range(MOST_FORMS + 1)]
    asked = [asyncio.create_task(scrape.metrics(each)) for each in forms[:-1]]
    await asyncio.sleep(0)
    with pytest.raises(ApiError) as caught:
        await scrape.metrics(forms[-1])
    assert caught.value.status == 503
    gate.set()
    await asyncio.gather(busy, *asked)
    worker.close()
