"""Every section of the benchmarks can be loaded: none is left behind by a change of what it measures."""

from importlib import import_module

import pytest

from benchmarks.__main__ import KNOWN


@pytest.mark.parametrize("section", KNOWN)
def test_a_section_can_be_run(section):
    assert callable(import_module(f"benchmarks.{section}").run)
