"""The committed files are what the code says."""

from grafana.__main__ import rendered, stale, write
from grafana.boards import BOARDS


def test_no_file_is_stale():
    assert stale() == [], "run make boards"


def test_a_change_of_either_is_noticed(tmp_path):
    write(tmp_path)
    assert stale(tmp_path) == []
    board = BOARDS[0]
    (tmp_path / f"{board.file}.json").write_text(rendered(board).replace(board.title, "Another title"))
    (tmp_path / "left_over.json").write_text("{}")
    assert stale(tmp_path) == sorted([f"{board.file}.json", "left_over.json"])
    write(tmp_path)
    assert stale(tmp_path) == []
