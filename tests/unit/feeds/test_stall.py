import asyncio

import pytest

from exporter.feeds.failures import Ended, Reason
from exporter.feeds.stall import StallWatch


class Peer:
    """Takes pings, and answers them when told."""

    def __init__(self):
        self.pings = []

    async def ping(self):
        self.pings.append(asyncio.get_running_loop().create_future())
        return self.pings[-1]


async def test_who_sends_is_never_asked():
    watch, peer = StallWatch(4.0, 0.0), Peer()
    for now in range(20):
        await watch.look(peer, float(now), now - 0.5)
    assert peer.pings == []


async def test_who_answers_a_ping_is_there():
    watch, peer = StallWatch(4.0, 0.0), Peer()
    for now in range(1, 30):
        await watch.look(peer, float(now), 0.0)
        if peer.pings:
            peer.pings[-1].set_result(0.0) if not peer.pings[-1].done() else None
    assert 5 < len(peer.pings) < 30


async def test_who_answers_nothing_is_cut_after_the_limit_and_not_before():
    watch, peer = StallWatch(4.0, 10.0), Peer()
    with pytest.raises(Ended) as ended:
        await wait(watch, peer, 10.0)
    assert ended.value.reason is Reason.STALLED
    assert peer.now == pytest.approx(14.0, abs=0.05)
    assert len(peer.pings) == 1


async def wait(watch, peer, since):
    peer.now = since
    while peer.now < since + 60:
        await watch.look(peer, peer.now, since)
        peer.now += max(0.01, watch.due(peer.now, since))


async def test_a_frame_counts_as_an_answer():
    watch, peer = StallWatch(4.0, 0.0), Peer()
    await watch.look(peer, 2.0, 0.0)
    assert len(peer.pings) == 1
    await watch.look(peer, 4.5, 4.4)
    assert watch.due(4.5, 4.4) == pytest.approx(0.9)
    await watch.look(peer, 6.0, 4.4)
    assert len(peer.pings) == 2
