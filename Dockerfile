# The two commands in a container:
#   docker build -t repro-harness .
#   docker run --rm -t repro-harness              # make repro
#   docker run --rm -t repro-harness make test
# Everything that a run needs is installed by the build, so `--network none` works for a run.

# A local folder of wheels can take the place of this empty stage:
#   docker build --build-context wheels=FOLDER -t repro-harness .
FROM scratch AS wheels

FROM python:3.11.13-slim-bookworm

# No versions: Debian's mirrors keep the newest alone. No package of Debian reaches an output: what
# the compiler makes, a kernel of integers, answers as NumPy does.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc git libc6-dev make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 reader \
    && install --directory --owner=reader --group=reader /project

USER 1000:1000
WORKDIR /project
COPY --chown=1000:1000 . .

RUN --mount=type=bind,from=wheels,target=/wheels \
    if [ -n "$(ls /wheels)" ]; then export PIP_FIND_LINKS=/wheels; fi \
    && make setup \
    && .venv/bin/harness env harness torch tvm tensorflow mxnet \
    && rm -rf /home/reader/.cache

CMD ["make", "repro"]
