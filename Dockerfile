# An image that scores, and one that trains as well:
#
#   docker build --tag pairlens .
#   docker build --tag pairlens-train --target train .
#   docker run --rm --volume "$PWD:/work" --user "$(id -u):$(id -g)" pairlens score RUN QUERY VALUE
#   docker run --rm --volume "$PWD:/work" --user "$(id -u):$(id -g)" pairlens-train train CONFIG
#
# The kernels are compiled for the level PAIRLENS_CPU: x86-64-v3 has AVX2, as most processors since 2013. Others are
# x86-64, x86-64-v2, x86-64-v4, and generic for ARM: --build-arg PAIRLENS_CPU=generic. A processor below that
# level has the kernels compiled at first use; with `docker run --env PAIRLENS_CPU=` every processor does, for itself.
#
# Not built by `make test`; tests/packaging/test_dockerfile.py checks what can be checked without Docker.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS wheel
COPY pyproject.toml README.md LICENSE /source/
COPY cli /source/cli
COPY model /source/model
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /source

FROM python:${PYTHON}-slim AS train
COPY requirements.lock /
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir --constraint /requirements.lock /wheels/*.whl
WORKDIR /work
ENTRYPOINT ["pairlens"]

FROM python:${PYTHON}-slim AS score
ARG PAIRLENS_CPU=x86-64-v3
ENV PAIRLENS_CPU=${PAIRLENS_CPU} XDG_CACHE_HOME=/opt/cache
COPY requirements-score.lock /
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir --requirement /requirements-score.lock
RUN pip install --no-cache-dir --no-deps /wheels/*.whl
# Every kernel; what root has compiled, any user may run.
RUN python -c "from pairlens.kernels import arguments, loader, signatures; loader.prepare([s for s in vars(signatures).values() if isinstance(s, arguments.Signature)])" \
    && chmod -R a+rX /opt/cache
WORKDIR /work
ENTRYPOINT ["pairlens"]
