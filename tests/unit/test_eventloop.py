import asyncio
import socket
import threading

import pytest

from exporter.eventloop import EventLoop


@pytest.fixture
def run():
    def now(main):
        with asyncio.Runner(loop_factory=EventLoop) as runner:
            return runner.run(main)

    return now


@pytest.fixture
def hanging(monkeypatch):
    """A name server that answers when it is told to, and how often it was asked."""
    answered, questions = threading.Event(), []

    def getaddrinfo(*question):
        questions.append(question)
        answered.wait(60)
        raise socket.gaierror("nobody knows")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield answered, questions
    answered.set()


def test_a_name_is_looked_up_as_asyncio_does(run):
    async def ask(loop):
        return await loop.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)

    async def main():
        return await ask(asyncio.get_running_loop())

    assert run(main()) == asyncio.run(main())


def test_what_the_look_up_raises_comes_through(run):
    async def main():
        await asyncio.get_running_loop().getaddrinfo("name.invalid", 80, flags=socket.AI_NUMERICHOST)

    with pytest.raises(socket.gaierror):
        run(main())


def test_the_loop_ends_while_a_look_up_hangs_and_asks_once_however_many_wait(run, hanging):
    _, questions = hanging

    async def main():
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await asyncio.get_running_loop().getaddrinfo("hangs.example", 80)

    run(main())
    assert len(questions) == 1


def test_a_failure_that_nobody_waits_for_any_more_is_no_news_and_the_next_attempt_asks_anew(run, hanging, caplog):
    answered, questions = hanging

    async def main():
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await loop.getaddrinfo("hangs.example", 80)
        answered.set()
        with pytest.raises(socket.gaierror):
            await loop.getaddrinfo("hangs.example", 80)
        with pytest.raises(socket.gaierror):
            await loop.getaddrinfo("hangs.example", 80)

    run(main())
    assert len(questions) == 2
    assert not caplog.records
