"""docker-compose.yml as typed structs: a key or a type that is not foreseen here is an error."""

from pathlib import Path
from typing import Literal

import msgspec
import yaml

ROOT = Path(__file__).parents[3]


class Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    pass


class LogOptions(Strict, rename="kebab"):
    max_size: str
    max_file: str


class Logging(Strict):
    driver: Literal["json-file", "local"]
    options: LogOptions


class Health(Strict):
    test: list[str]
    interval: str
    timeout: str
    start_period: str
    retries: int


class Dependency(Strict):
    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]


class Network(Strict):
    aliases: list[str] = []


class Service(Strict):
    image: str
    restart: Literal["no", "always", "on-failure", "unless-stopped"]
    cap_drop: list[str]
    security_opt: list[str]
    logging: Logging
    mem_limit: str
    healthcheck: Health
    read_only: bool = False
    build: str = ""
    profiles: list[str] = []
    user: str = ""
    hostname: str = ""
    tmpfs: list[str] = []
    command: list[str] = []
    volumes: list[str] = []
    environment: dict[str, str] = {}
    ports: list[str] = []
    depends_on: dict[str, Dependency] = {}
    networks: dict[str, Network] = {}
    shm_size: str = ""
    stop_grace_period: str = ""

    def names(self, key):
        """The names under which others reach it."""
        return {key, *(alias for network in self.networks.values() for alias in network.aliases)}


class Compose(Strict):
    name: str
    services: dict[str, Service]
    volumes: dict[str, None]


def text():
    return (ROOT / "docker-compose.yml").read_text()


def load():
    tree = {key: value for key, value in yaml.safe_load(text()).items() if not key.startswith("x-")}
    return msgspec.convert(tree, Compose)
