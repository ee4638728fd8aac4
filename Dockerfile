# One image for `sentinel build`, the Dagster webserver and the Dagster daemon; the command says which. See docs/docker.md.
FROM python:3.11-slim-bookworm AS base

FROM base AS builder
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    UV_NO_CACHE=1 \
    UV_NO_PROGRESS=1 \
    UV_PYTHON_DOWNLOADS=never \
    UV_SYSTEM_CERTS=1
WORKDIR /app

# uv is outside /app, so that it is not copied into the final image.
COPY requirements-tools.lock ./
RUN python -m venv /opt/uv \
    && /opt/uv/bin/python -m pip install --no-deps --require-hashes -r requirements-tools.lock

COPY requirements.lock ./
RUN /opt/uv/bin/uv venv --python /usr/local/bin/python .venv \
    && /opt/uv/bin/uv pip sync --python .venv/bin/python --require-hashes --compile-bytecode requirements.lock

# Node, and the DuckDB extensions that the report needs; nothing else of the wheel that carries them is kept.
COPY requirements-node.lock requirements-wasm.lock ./
RUN python -m venv --without-pip .tools \
    && /opt/uv/bin/uv pip install --python .tools/bin/python --no-deps --require-hashes -r requirements-node.lock \
    && /opt/uv/bin/uv pip install --python .tools/bin/python --target .tools/wasm --no-deps --require-hashes -r requirements-wasm.lock \
    && find .tools/wasm -type f -not -path '.tools/wasm/embedding_atlas/static/duckdb-wasm/*' -delete

COPY evidence_reports/package.json evidence_reports/package-lock.json evidence_reports/.npmrc evidence_reports/
RUN PATH="/app/.tools/bin:${PATH}" npm ci --prefix evidence_reports --ignore-scripts --no-audit --no-fund --loglevel=error

# An editable install is a path and a command: one module is enough for it, so a change of code does not repeat it.
COPY pyproject.toml README.md LICENSE ./
COPY sentinel_orchestration/__init__.py sentinel_orchestration/
RUN /opt/uv/bin/uv pip install --python .venv/bin/python --no-deps --no-build-isolation -e .

FROM base AS sentinel
ARG GIT_REVISION=unknown
LABEL org.opencontainers.image.title="Sentinel" \
      org.opencontainers.image.description="Feeds of a tower fleet in, audited marts and persona reports out" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${GIT_REVISION}"
ENV PATH="/app/.venv/bin:${PATH}" \
    SENTINEL_HOME=/data \
    SENTINEL_GIT_REVISION="${GIT_REVISION}" \
    DAGSTER_HOME=/data/data/dagster \
    DBT_TARGET_PATH=/data/data/dbt/plain \
    DBT_LOG_PATH=/data/data/dbt/logs \
    DO_NOT_TRACK=1 \
    PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --create-home sentinel \
    && install -d -o sentinel -g sentinel /data /data/inbox
WORKDIR /app

COPY --from=builder /app/.venv .venv
COPY --from=builder /app/.tools .tools
COPY --from=builder /app/evidence_reports/node_modules evidence_reports/node_modules
COPY pyproject.toml README.md LICENSE workspace.yaml dagster.yaml ./
COPY dbt dbt
COPY evidence_reports evidence_reports
COPY sentinel_orchestration sentinel_orchestration
# The code belongs to root and is never written to; everything Sentinel writes goes to /data, plain dbt's files too.
RUN python -m compileall -q sentinel_orchestration

USER 10001
# Parses the dbt project and makes the data folders: a named volume starts as a copy of them.
RUN python -c "from sentinel_orchestration.definitions import build_definitions; build_definitions()" \
    && sentinel init \
    && install -D -m 644 dagster.yaml "${DAGSTER_HOME}/dagster.yaml"
VOLUME /data
EXPOSE 3000 3001

# A bind-mounted /data starts empty, and Dagster needs its home and dagster.yaml.
ENTRYPOINT ["sh", "-c", "[ -e \"$DAGSTER_HOME/dagster.yaml\" ] || install -D -m 644 /app/dagster.yaml \"$DAGSTER_HOME/dagster.yaml\"; exec \"$@\"", "entrypoint"]
CMD ["sentinel", "build"]
