"""All boards, in the order in which people meet them."""

from grafana.boards.cumulative import CUMULATIVE
from grafana.boards.live import LIVE
from grafana.boards.overview import OVERVIEW
from grafana.boards.pipeline import PIPELINE

BOARDS = (OVERVIEW, CUMULATIVE, LIVE, PIPELINE)
