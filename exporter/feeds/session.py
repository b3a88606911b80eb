"""The session that the exchanges' REST addresses are asked with."""

import aiohttp

from exporter import __version__


def rest_session() -> aiohttp.ClientSession:
    """Open it; a proxy that the environment names is used, as the sockets do."""
    return aiohttp.ClientSession(headers={"User-Agent": f"liquidation-exporter/{__version__}"}, trust_env=True)
