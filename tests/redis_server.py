"""A real redis-server on a free port with a folder of its own."""

import subprocess
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.services import environment, free_port, program


class RedisServer:
    def __init__(self, folder, *options):
        self.folder = folder
        self.options = options
        self.port = free_port()
        self.socket = str(folder / "redis.sock")
        self._process = None

    @property
    def address(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, *more):
        command = [program("redis-server"), "--port", self.port, "--unixsocket", self.socket, "--dir", self.folder]
        command += ["--bind", "127.0.0.1", "--save", "", *self.options, *more]
        log = (self.folder / "redis.log").open("ab")
        self._process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, env=environment())
        log.close()
        end = time.monotonic() + 20
        while True:
            try:
                with self.client() as client:
                    client.ping()
                    return self
            except (redis.exceptions.AuthenticationError, redis.exceptions.BusyLoadingError):
                return self
            except redis.exceptions.ConnectionError:
                assert self._process.poll() is None, (self.folder / "redis.log").read_text()[-2000:]
                assert time.monotonic() < end
                time.sleep(0.01)

    def client(self, **options):
        never = Retry(NoBackoff(), 0)
        return redis.Redis(port=self.port, decode_responses=True, retry=never, **options)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def stop(self):
        self._process.terminate()
        self._process.wait()


def new_server(tmp_path, *options):
    folder = tmp_path / f"redis-{free_port()}"
    folder.mkdir()
    return RedisServer(folder, *options)
