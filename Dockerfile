# syntax=docker/dockerfile:1

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
# Libraries first: they change less often than the code, and wheels need no compiler.
COPY pyproject.toml constraints.txt ./
RUN python -m venv --without-pip /opt/tariffwire \
    && python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > wanted.txt \
    && pip --python /opt/tariffwire/bin/python install --no-cache-dir --only-binary :all: \
        --constraint constraints.txt --requirement wanted.txt
COPY README.md LICENSE ./
COPY alembic alembic
COPY consumers consumers
COPY service service
RUN pip --python /opt/tariffwire/bin/python install --no-cache-dir --no-deps .

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="tariffwire" \
      org.opencontainers.image.description="Self-hosted tariff alerts: events in, signed webhooks and emails out." \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data tariffwire \
    && install --directory --owner=tariffwire --group=tariffwire /data
COPY --from=build /opt/tariffwire /opt/tariffwire
# Compiled when installed, so that a read-only root starts as quickly; nothing is written later.
ENV PATH=/opt/tariffwire/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TARIFFWIRE_HOST=0.0.0.0 \
    TARIFFWIRE_PORT=8320 \
    TARIFFWIRE_DATABASE_URL=sqlite:////data/tariffwire.db \
    TARIFFWIRE_LOG_URL=sqlite:////data/tariffwire-log.db
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8320
STOPSIGNAL SIGTERM
# Every role answers on its port. What restarts the unhealthy should ask /livez instead: a role
# that waits for its broker is not ready, and a restart does not help it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['TARIFFWIRE_PORT']}/readyz\", timeout=4)"]
# It listens beyond loopback, so it refuses to start without TARIFFWIRE_API_KEY (or …_FILE).
ENTRYPOINT ["tariffwire"]
CMD ["serve"]
