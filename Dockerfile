# syntax=docker/dockerfile:1
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY service service
COPY consumers consumers
COPY alembic alembic
RUN python -m venv /opt/tariffwire \
    && /opt/tariffwire/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data tariffwire && install -d -o tariffwire /data
COPY --from=build /opt/tariffwire /opt/tariffwire
ENV PATH=/opt/tariffwire/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TARIFFWIRE_HOST=0.0.0.0 \
    TARIFFWIRE_DATABASE_URL=sqlite:////data/tariffwire.db \
    TARIFFWIRE_LOG_URL=sqlite:////data/tariffwire-log.db
USER tariffwire
WORKDIR /data
VOLUME /data
EXPOSE 8320
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8320/readyz', timeout=2)"]
# It listens beyond loopback, so it refuses to start without TARIFFWIRE_API_KEY (or …_FILE).
ENTRYPOINT ["tariffwire"]
CMD ["serve"]
