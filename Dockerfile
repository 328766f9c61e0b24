# The image is made by the same script as `make install`: the same lock, the same hashes, the same order.
# 3.11 is the Python the tests run on.
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
# Dependencies change seldom and the code often, so they get a layer of their own.
COPY pyproject.toml README.md LICENSE requirements.lock ./
COPY scripts scripts
RUN scripts/install.sh requirements.lock
COPY . .
RUN .venv/bin/python -m compileall -q regia web desk connectors dispatcher router identity normalizer storage config

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin regia \
    && install -d -o regia -g regia -m 0700 /data /data/blobs
COPY --from=build /app /app
WORKDIR /app
USER regia
ENV PYTHONUNBUFFERED=1 \
    REGIA__DATA__PATH=/data \
    REGIA__SERVER__HOST=0.0.0.0 \
    REGIA__SERVER__PORT=8080
VOLUME /data
EXPOSE 8080
# Liveness and not readiness: a gateway whose broker is away still accepts, and must not be restarted for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD [".venv/bin/python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"REGIA__SERVER__PORT\"]}/health/live', timeout=4)"]
ENTRYPOINT [".venv/bin/regia"]
CMD ["run", "-c", "/etc/regia/regia.yaml"]
