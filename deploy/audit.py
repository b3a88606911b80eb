"""`python -m deploy.audit`: ask whether a package of the locks has a known vulnerability."""

import subprocess
import sys
import urllib.error
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-lab.lock")
TOOL = "pip-audit==2.10.1"
FOLDER = ROOT / ".venv/audit"
"""Where the tool is installed, apart from what it looks at."""
SERVICE = "https://pypi.org/pypi/pip/25.0/json"
"""The advisories of a version come with its description."""
NOTHING_ASKED, PATIENCE_S = 2, 10.0


def main() -> int:
    """Audit every lock; returns 0 when nothing is known, 1 when something is, 2 when nobody could be asked."""
    if not _reachable():
        sys.stderr.write("error: pypi.org cannot be asked for advisories; nothing was audited\n")
        return NOTHING_ASKED
    if not (FOLDER / "bin/pip-audit").exists():
        sys.stdout.write(f"installing {TOOL} (once)\n")
        venv.create(FOLDER, with_pip=True)
        subprocess.run([FOLDER / "bin/python", "-m", "pip", "install", "--quiet", TOOL], check=True)
    return max(_audit(lock) for lock in LOCKS)


def _reachable() -> bool:
    try:
        with urllib.request.urlopen(SERVICE, timeout=PATIENCE_S):
            return True
    except (OSError, urllib.error.URLError):
        return False


def _audit(lock: str) -> int:
    """Audit one lock; `--strict`, because a package that nobody could be asked about is not a safe one."""
    sys.stdout.write(f"{lock}\n")
    sys.stdout.flush()
    command = (FOLDER / "bin/pip-audit", "--strict", "--require-hashes", "--disable-pip", "--progress-spinner", "off")
    return subprocess.run([*command, "--requirement", ROOT / lock], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
