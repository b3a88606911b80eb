"""docs/configuration.md, from the structs that config.yaml is read into."""

from collections.abc import Iterator
from typing import get_type_hints

import msgspec

from exporter.app import AFTER_RESTART
from exporter.cli import SETTINGS
from exporter.config import Config, ExchangeSection, environment_name, leaves
from exporter.exchanges import REGISTRY
from exporter.signals.parameters import DEFAULT_COINS, Coin, Parameters
from reference.kinds import described, number, shown
from reference.markdown import GENERATED, code, table
from reference.meanings import meanings

_HEAD = ("key", "takes", "default", "environment, flag", "meaning")
_TEXT = """\
# Configuration

{generated}

Every key is optional. A value comes from a flag, else from the environment, else from the file, else it is the default.
The file is `config.yaml` in the working folder, or what `--config.file` names; [config.yaml](../config.yaml) of the
project has every key with its default. A key that does not exist, or a value that cannot be meant, is an error that
names it.

- A **duration** is a number and a unit: `500ms`, `15s`, `5m`, `1h`, `30d`.
- In the **environment** lists are separated by commas: `{lists}`. Keys without a variable are for the
  file only.
- Commands that ask a running exporter find it by `--url`, else by `LIQ_URL`, else where `web.listen_address` says.
- `python -m exporter --config.check` prints what is in force, without passwords, and ends.
- **Reload**: SIGHUP, or `curl -X POST http://localhost:10110/-/reload`, reads the file again. The answer says
  what changed. Changes of {restart} wait for a restart, the
  rest applies at once.

"""
_COINS = """\
## signals.coins.COIN

{doc} A coin is written like `BTC`. What is not given of a coin is as by default.

{rows}
Floors by default: {floors}.

"""
_EXCHANGES = """\
## exchanges.NAME

{doc} What each of them shows: [exchanges.md](exchanges.md).

{rows}
Names, and the endpoints with the exchanges' own addresses:

{endpoints}"""


def page() -> str:
    """Return the whole page."""
    generated = GENERATED.format(source="the structs of exporter/config and exporter/signals/parameters.py")
    restart = ", ".join(map(code, AFTER_RESTART))
    text = _TEXT.format(generated=generated, lists=f"{environment_name('metrics.bases')}=BTC,ETH", restart=restart)
    return text + "".join(_blocks(Config(), "")) + _exchanges()


def _blocks(section: msgspec.Struct, prefix: str) -> Iterator[str]:
    """Return a chapter for every block that has keys of its own, the outer before the inner."""
    hints = get_type_hints(type(section), include_extras=True)
    inner = {name: value for name in hints if isinstance(value := getattr(section, name), msgspec.Struct)}
    own = [name for name in hints if name not in inner and f"{prefix}{name}" not in ("exchanges", "signals.coins")]
    if own:
        yield f"## {prefix.rstrip('.')}\n\n{_doc(type(section))}\n\n{_rows(section, prefix, own)}\n"
    for name, value in inner.items():
        yield from _blocks(value, f"{prefix}{name}.")
    if isinstance(section, Parameters):
        yield _coins()


def _rows(section: msgspec.Struct, prefix: str, names: list[str]) -> str:
    hints = get_type_hints(type(section), include_extras=True)
    lines = meanings(type(section), names)
    return table(
        _HEAD,
        (
            (
                code(prefix + name),
                described(name, hints[name]),
                shown(getattr(section, name)),
                _elsewhere(prefix + name),
                lines[name],
            )
            for name in names
        ),
    )


def _elsewhere(key: str) -> str:
    """Return the variable and the flag that set a key."""
    variable = [code(environment_name(key))] if key in leaves(Config) else []
    flag = [code("--" + key.replace("_", "-"))] if key in SETTINGS else []
    return ", ".join(variable + flag)


def _coins() -> str:
    rows = _rows(Coin(), "signals.coins.COIN.", list(Coin.__struct_fields__))
    floors = ", ".join(f"{base} {number(coin.floor_usd)}" for base, coin in DEFAULT_COINS.items() if coin.floor_usd)
    return _COINS.format(doc=_doc(Coin), rows=rows, floors=floors)


def _exchanges() -> str:
    rows = _rows(ExchangeSection(), "exchanges.NAME.", list(ExchangeSection.__struct_fields__))
    endpoints = table(
        ("name", "environment", "endpoints"),
        (
            (
                code(name),
                code(environment_name(f"exchanges.{name}.enabled")),
                ", ".join(f"`{endpoint}` {code(address)}" for endpoint, address in exchange.endpoints.items()),
            )
            for name, exchange in REGISTRY.items()
        ),
    )
    return _EXCHANGES.format(doc=_doc(ExchangeSection), rows=rows, endpoints=endpoints)


def _doc(section: type) -> str:
    """Return what the block's struct says of itself, as one paragraph."""
    return " ".join((section.__doc__ or "").split())
