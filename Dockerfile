# Docent as a container image: docs/container.md says how to run it. Both bases have Debian 13 and Python 3.13; the last stage
# has no shell, no package manager and no compiler, and runs as user 65532. It writes to /data and /tmp alone.
#
#     docker build --tag docent .

ARG BUILD=python:3.13.15-slim-trixie@sha256:8d9d0b8bcf6506481eae4907c18f5e3e7902e629f5f6d684f9e7c32e85e3ddf0
ARG BASE=gcr.io/distroless/python3-debian13:nonroot@sha256:774595d652a294b54c9bd575b2d9fdd1a4b47547dc17b8bfa4c0e953c64855b3

FROM ${BUILD} AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends binutils git openssh-client \
    && rm -rf /var/lib/apt/lists/*

# git and ssh with the libraries that they load: sources in git need no more of it.
COPY deploy/image/gather.sh /build/
RUN sh /build/gather.sh /root-of-image

WORKDIR /build
COPY deploy/image/requirements.txt deploy/image/build.txt ./
RUN python -m pip install --no-cache-dir --require-hashes --requirement build.txt \
    && python -m pip install --no-cache-dir --no-deps --only-binary :all: --no-compile --require-hashes \
        --requirement requirements.txt --target /packages
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY adapters adapters
COPY indexer indexer
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation --no-compile --target /packages .

# What runs needs no sources in C, no tests, no symbols for debuggers, no databases but its own, no drawing of words, no
# pictures in AVIF or WebP, no names for traces of others, and no words for dates in 700 languages. Of wordllama it reads two
# files, and what its RECORD says of them: that one has to stay.
RUN rm -rf /packages/bin \
    && find /packages -type d \( -name tests -o -name test \) -prune -exec rm -rf {} + \
    && find /packages -type f \( -name '*.c' -o -name '*.cpp' -o -name '*.h' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.pyi' \
        -o -name '*.a' -o -name '*.dll' \) -delete \
    && rm -rf /packages/PIL/_avif* /packages/pillow.libs/libavif* /packages/sqlalchemy/dialects/mssql \
        /packages/sqlalchemy/dialects/mysql /packages/sqlalchemy/dialects/oracle /packages/sqlalchemy/testing \
        /packages/lxml/objectify* /packages/lxml/isoschematron /packages/numpy/f2py /packages/numpy/_core/_simd.* \
        /packages/apsw/sqlite_extra* /packages/wordllama/algorithms \
    && cd /packages/PIL && rm _imagingft.* _imagingcms.* _imagingtk.* _webp.* \
    && cd /packages/pillow.libs \
    && rm libbrotli* libfreetype* libharfbuzz* liblcms2* libpng16* libsharpyuv* libwebp* \
    && cd /packages/google && rm -r api cloud gapic logging longrunning type \
    && find /packages/opentelemetry/semconv/_incubating -name '*.py' ! -name '__init__.py' ! -name 'otel_*.py' -delete \
    && find /packages/babel/locale-data -name '*.dat' ! -name 'root.dat' ! -name 'en*.dat' -delete \
    && find /packages -name '*.so*' -type f ! -path '*.libs/*' -exec strip --strip-unneeded {} +
COPY deploy/image/compiled.py ./
RUN mkdir -p /root-of-image/usr/local/lib/python3.13 /root-of-image/usr/local/bin /root-of-image/etc/docent /data \
    && mv /packages /root-of-image/usr/local/lib/python3.13/dist-packages \
    && cd / && PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/root-of-image/usr/local/lib/python3.13/dist-packages \
        python /build/compiled.py /root-of-image/usr/local/lib/python3.13/dist-packages
COPY deploy/image/docent /root-of-image/usr/local/bin/docent

FROM ${BASE}
LABEL org.opencontainers.image.title="Docent" \
      org.opencontainers.image.description="Answers questions about your company's docs in Slack and Discord, cited." \
      org.opencontainers.image.licenses="Apache-2.0 AND CC-BY-SA-3.0"
COPY --from=build /root-of-image /
COPY --from=build --chown=65532:65532 /data /data
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    DOCENT_CONFIG=/etc/docent/docent.yaml \
    DOCENT_DATA=/data
USER 65532:65532
WORKDIR /etc/docent
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["docent", "health"]
ENTRYPOINT ["docent"]
CMD ["run"]
