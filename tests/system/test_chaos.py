"""The short form of `make chaos`."""

import pytest

from tests.chaos import play


@pytest.mark.timeout(400)
def test_whatever_is_killed_cut_off_or_full_nothing_is_lost_and_nothing_doubled(tmp_path):
    said = []
    problems = play(tmp_path, seed=7, kills=9, seconds=35, persistence="aof", database=None, say=said.append)
    assert not problems, "\n".join(said)
    assert sum("lost 0  doubled 0" in line for line in said) == 4, "\n".join(said)
