# The programs for CPUs. From the root of the sources: docker build -f docker/cpu.Dockerfile -t glid:cpu .
FROM debian:12.12 AS build
WORKDIR /src
COPY scripts/bootstrap.sh scripts/common.sh scripts/fetch_libtorch.sh scripts/find_libtorch.sh scripts/
RUN scripts/bootstrap.sh
COPY . .
RUN docker/build.sh release /opt/glid

FROM debian:12.12-slim
RUN useradd --uid 10001 glid && install --directory --mode=1777 /workspace
COPY --from=build /opt/glid /opt/glid
ENV PATH=/opt/glid/bin:$PATH GLID_LIBTORCH=/opt/glid/libtorch/torch
USER glid
WORKDIR /workspace
CMD ["glid_train", "--help"]
