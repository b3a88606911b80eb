"""The account under which a program runs that refuses to run as root."""

import os
import pwd
from pathlib import Path
from typing import TypedDict


class Account(TypedDict, total=False):
    """The part of `subprocess.Popen`'s options that chooses the user; empty for the current one."""

    user: int
    group: int
    extra_groups: list[int]


def unprivileged(folder: Path) -> Account:
    """Return an account without privileges that owns the folder when we are root, and ours otherwise."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
