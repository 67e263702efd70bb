# The programs for CPUs. From the root of the sources: docker build -f docker/cpu.Dockerfile -t glid:cpu .
FROM debian:12.12 AS build
WORKDIR /src
COPY scripts/bootstrap.sh scripts/common.sh scripts/fetch_libtorch.sh scripts/find_libtorch.sh scripts/
RUN scripts/bootstrap.sh
COPY . .
RUN docker/build.sh release /opt/glid

FROM debian:12.12-slim
RUN useradd --create-home --uid 10001 glid
COPY --from=build /opt/glid /opt/glid
ENV PATH=/opt/glid/bin:$PATH GLID_LIBTORCH=/opt/glid/libtorch/torch
USER glid
WORKDIR /home/glid
CMD ["glid_train", "--help"]
