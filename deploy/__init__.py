"""How the exporter runs where others run it: a systemd unit, and manifests for Kubernetes.

What the manifests have in common with other files of the repository is written from those: `make manifests`.
"""
