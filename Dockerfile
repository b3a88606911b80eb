# The exporter, and the simulated exchanges: docker compose runs both from this image.
# docker build -t liquidation-exporter . && docker run -p 127.0.0.1:10110:10110 -v liquidations:/data liquidation-exporter

FROM python:3.13-slim-trixie AS build
COPY requirements.lock /build/
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /build/requirements.lock
COPY exporter /app/exporter
COPY config.yaml /app/
# compiled here, because the root file system is read-only later
RUN /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /app

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="liquidation-exporter" \
      org.opencontainers.image.description="Prometheus exporter for crypto liquidations" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# pg_dump and pg_restore, for `backup` and `restore`; at least of the server's version
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10110 --user-group --no-create-home exporter \
    && install --directory --owner exporter --group exporter /data
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH="/venv/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LIQ_DATA_DIR=/data
WORKDIR /app
USER exporter
VOLUME /data
EXPOSE 10110
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-m", "exporter.healthy"]
ENTRYPOINT ["python", "-m", "exporter"]
CMD ["run"]
