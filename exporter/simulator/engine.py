"""The clock of a run: plays the market in real time and does to the clients what the script says."""

import asyncio
from collections.abc import Mapping

from exporter.simulator.exchange import SimulatedExchange, now_ms
from exporter.simulator.market import STEP_S, Market
from exporter.simulator.orders import Order

OPENING_DELAY_S = 1.0


class Engine:
    """Plays a market to the end of the program.

    `lag_s` is how far it is behind the clock; it catches up without leaving anything out. The market opens `ago_s` ago:
    so old is what it sends, until `skip` lets time pass. `trades` is how many a second each exchange has that are no
    liquidations, beside those that go with one.
    """

    def __init__(
        self, market: Market, exchanges: Mapping[str, SimulatedExchange], patience_s: float, ago_s: float = 0.0
    ) -> None:
        self.lag_s = 0.0
        self.is_open = False
        self._market = market
        self._exchanges = exchanges
        self._patience_s = patience_s
        self._ago_s = ago_s
        self._junk_owed = self._trades_owed = 0.0
        self.trades = 0.0

    async def play(self) -> None:
        """Tick before and after the market opens; runs until it is cancelled."""
        await self._wait_for_audience()
        self.is_open = True
        self._market.epoch_ms = now_ms() - round(self._ago_s * 1000)
        next_step = _loop_time()
        while True:
            next_step += STEP_S
            faults = self._market.step(self._offer)
            await self._sleep_until(next_step)
            for fault in faults:
                self._exchanges[fault.exchange].inflict(fault)
            self._send()

    def skip(self, seconds: float) -> None:
        """Let the market's time pass at once: all that happens meanwhile is sent, to whoever listens."""
        for _ in range(round(seconds / STEP_S)):
            self._market.step(self._offer)
            for exchange in self._exchanges.values():
                exchange.flush(self._market.now_ms)

    def rest(self) -> None:
        """Send what is still due, and nothing but prices from then on."""
        self._market.rest()
        for exchange in self._exchanges.values():
            exchange.flush(self._market.now_ms, final=True)

    async def _wait_for_audience(self) -> None:
        """Keep clients supplied with prices until all that matters is subscribed, and a second longer."""
        deadline = _loop_time() + self._patience_s
        while _loop_time() < deadline:
            if all(exchange.attended() for exchange in self._exchanges.values()):
                deadline = min(deadline, _loop_time() + OPENING_DELAY_S)
            self._tick(0.0)
            await asyncio.sleep(STEP_S)

    async def _sleep_until(self, when: float) -> None:
        self.lag_s = max(0.0, _loop_time() - when)
        await asyncio.sleep(max(0.0, when - _loop_time()))

    def _offer(self, order: Order) -> bool:
        return self._exchanges[order.contract.exchange].offer(order)

    def _send(self) -> None:
        phase = self._market.phase
        for name, exchange in self._exchanges.items():
            exchange.duplicates = phase.duplicates
            exchange.bad_rows = phase.bad_rows if name == phase.hostile else 0.0
            exchange.flush(self._market.now_ms)
        self._tick(self._market.elapsed_ms / 1000)
        self._send_trades()
        if phase.hostile in self._exchanges:
            self._send_junk(self._exchanges[phase.hostile], phase.junk)

    def _tick(self, elapsed_s: float) -> None:
        for exchange in self._exchanges.values():
            exchange.tick(elapsed_s)

    def _send_trades(self) -> None:
        self._trades_owed += self.trades * STEP_S
        while self._trades_owed >= 1:
            self._trades_owed -= 1
            for exchange in self._exchanges.values():
                exchange.trade(self._market.draw(exchange.name))

    def _send_junk(self, exchange: SimulatedExchange, per_second: float) -> None:
        self._junk_owed += per_second * STEP_S
        while self._junk_owed >= 1:
            self._junk_owed -= 1
            exchange.send_raw(exchange.junk())


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
