"""Environments for programs that tests start."""

import os


def outside_make():
    """This one, without what a `make` around the tests would hand on to a `make` within them."""
    return {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ARGS")
    }
