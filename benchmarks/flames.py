"""`python -m benchmarks.flames`: flame graphs of where the exporter's time goes, into docs/images.

py-spy, which comes with the peers, samples the functions of a process that does nothing but the one thing. A frame in
the graph that is narrower than a pixel is left out by it.
"""

import subprocess
import sys

from benchmarks.peers.process import PYTHON, ROOT

PROGRAMS = {
    "flame-ingest": "from benchmarks.sustained import profiled; profiled()",
    "flame-scrape": "from benchmarks.scrape import profiled; profiled()",
    "flame-end-to-end": "from benchmarks.end_to_end import profiled; profiled()",
}
IMAGES = ROOT / "docs" / "images"


def main() -> int:
    if not PYTHON.exists():
        print("error: py-spy is not installed; make bench-flames installs it", file=sys.stderr)
        return 1
    for name, program in PROGRAMS.items():
        picture = IMAGES / f"{name}.svg"
        spy = [PYTHON.parent / "py-spy", "record", "--function", "--rate", "100", "--output", picture, "--"]
        subprocess.run([*spy, sys.executable, "-c", program], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        picture.write_text(picture.read_text().replace(f"{ROOT}/", ""))  # a place on this machine is nobody's business
        print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size // 1024} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
