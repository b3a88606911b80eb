"""The whole stack without containers: exporter, Redis, PostgreSQL, Prometheus, Alertmanager and Grafana as processes.

It uses the files that the containers use (`alerting/`, `grafana/`), on free ports of this machine.
"""
