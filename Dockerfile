# Paddock's image, for web server, worker, beat and commands alike: see docs/operations.md and compose.yaml.

FROM python:3.11-slim-bookworm AS build
# Add `generators` for HappyHorse, which brings PyTorch, or `local` for open weights on this machine.
ARG EXTRAS=postgres,redis,s3
WORKDIR /build
RUN python -m venv /venv
COPY requirements.lock ./
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN /venv/bin/pip install --no-cache-dir ".[${EXTRAS}]"

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 paddock \
    && useradd --uid 10001 --gid paddock --create-home paddock \
    && install --directory --owner paddock --group paddock /data
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PADDOCK_ENVIRONMENT=production \
    DJANGO_SETTINGS_MODULE=arena.settings \
    DATA_DIR=/data \
    PYTHONUNBUFFERED=1
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s CMD ["python", "-m", "arena.operations.probe"]
CMD ["gunicorn", "-c", "python:arena.gunicorn_conf", "--bind", "0.0.0.0:8000", "arena.wsgi"]
