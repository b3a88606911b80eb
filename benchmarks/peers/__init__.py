"""cryptofeed, ccxt and orjson, measured on the same frames in processes of their own.

They live in an environment of their own (`requirements-bench.lock`), which nothing but measuring needs.
"""

from benchmarks.peers.process import Peer, available, versions

__all__ = ["Peer", "available", "versions"]
