"""The Grafana boards as code; `python -m grafana` writes the JSON that Grafana reads."""
