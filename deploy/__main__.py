"""`python -m deploy`: write the parts of the Kubernetes manifests that come from other files of the repository."""

import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
KUBERNETES = ROOT / "deploy/kubernetes"
GENERATED = "# Written by make manifests; change {} instead.\n"


def manifests() -> dict[Path, str]:
    """Return the text of every generated file, by its path."""
    return {
        KUBERNETES / "base/config.yaml": (ROOT / "config.yaml").read_text(encoding="utf-8"),
        KUBERNETES / "monitoring/rules.yaml": GENERATED.format("alerting/rules") + _rules(),
    }


def _rules() -> str:
    """Return the files of rules as one object of the Prometheus operator, which takes the same groups."""
    files = sorted((ROOT / "alerting/rules").glob("*.yml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]
    tree = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": "liquidation-exporter",
            "labels": {"app.kubernetes.io/name": "liquidation-exporter"},
        },
        "spec": {"groups": groups},
    }
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=120)


def main() -> int:
    """Write the files."""
    for path, text in manifests().items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
