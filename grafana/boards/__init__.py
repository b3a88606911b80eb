"""All boards, in the order in which people meet them."""

from grafana.boards.alerts import ALERTS
from grafana.boards.cascades import CASCADES
from grafana.boards.coin import COIN_BOARD
from grafana.boards.cumulative import CUMULATIVE
from grafana.boards.exchange import EXCHANGE_BOARD
from grafana.boards.live import LIVE
from grafana.boards.overview import OVERVIEW
from grafana.boards.pipeline import PIPELINE
from grafana.boards.quick import QUICK

BOARDS = (OVERVIEW, QUICK, CASCADES, COIN_BOARD, EXCHANGE_BOARD, CUMULATIVE, LIVE, ALERTS, PIPELINE)
