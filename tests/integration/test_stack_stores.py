"""The stores of the native stack: nobody gets in without a password, and a second start finds what is there."""

import shutil
import tempfile
from pathlib import Path

import asyncpg
import pytest
import redis

from stack.database import NAME, WRITER, Database
from stack.passwords import kept
from stack.redis import RedisServer
from stack.service import free_port


def test_redis_asks_for_the_password_and_does_not_show_it(tmp_path):
    server = RedisServer(tmp_path, free_port(), password="right").start()
    try:
        with redis.Redis(port=server.port) as stranger, pytest.raises(redis.exceptions.AuthenticationError):
            stranger.ping()
        with server.client() as client, redis.Redis.from_url(server.url) as other:
            assert client.ping()
            assert other.ping()
        assert "right" not in Path(f"/proc/{server.pid}/cmdline").read_text()
    finally:
        server.stop()


async def test_the_database_asks_everybody_for_a_password(tmp_path, monkeypatch):
    monkeypatch.delenv("PGPASSWORD", raising=False)
    folder = tmp_path_for_anybody()
    passwords = kept(tmp_path / "passwords.json")
    database = Database(folder, free_port(), passwords, timescale=False, durable=False)
    try:
        for _ in range(2):
            database.start()
            writer = await asyncpg.connect(database.writer_url)
            assert await writer.fetchval("SELECT current_user") == WRITER
            assert await writer.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
            await writer.close()
            for user in (WRITER, "admin"):
                with pytest.raises(asyncpg.InvalidPasswordError):
                    await asyncpg.connect(database.url(NAME, user=user, password="wrong"))
            database.stop()
    finally:
        database.stop()
        shutil.rmtree(folder)


def tmp_path_for_anybody():
    """A folder that PostgreSQL reaches when it is not root who runs it; pytest's own are for their owner only."""
    return Path(tempfile.mkdtemp(prefix="liquidation-stack-"))
