"""The reference pages, made from what the exporter itself reads: configuration structs and metric catalogue.

`python -m reference` writes docs/configuration.md and METRICS.md, `--check` tells whether they are stale.
"""
