"""A redis-server for a test, on a free port, which can be started again with other options."""

from stack import redis
from stack.service import free_port


class RedisServer(redis.RedisServer):
    def __init__(self, folder, *options):
        self.socket = str(folder / "redis.sock")
        super().__init__(folder, free_port(), "--unixsocket", self.socket, *options)
        self._always = self.options

    def start(self, *more):
        self.options = (*self._always, *more)
        return super().start()


def new_server(tmp_path, *options):
    folder = tmp_path / f"redis-{free_port()}"
    folder.mkdir()
    return RedisServer(folder, *options)
