# The programs for NVIDIA GPUs. From the root of the sources: docker build -f docker/cuda.Dockerfile -t glid:cuda .
# torch's wheels bring the cuDNN, NCCL and cuBLAS that torch was built with, so the base images are those without.
FROM nvidia/cuda:13.0.1-devel-ubuntu24.04 AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3-pip \
    && python3 -m pip install --no-cache-dir --target /opt/wheels torch==2.11.0
ENV GLID_LIBTORCH=/opt/wheels/torch
WORKDIR /src
COPY scripts/bootstrap.sh scripts/common.sh scripts/fetch_libtorch.sh scripts/find_libtorch.sh scripts/
RUN scripts/bootstrap.sh
COPY . .
RUN docker/build.sh cuda /opt/glid

FROM nvidia/cuda:13.0.1-base-ubuntu24.04
RUN useradd --uid 10001 glid && install --directory --mode=1777 /workspace
COPY --from=build /opt/glid /opt/glid
ENV PATH=/opt/glid/bin:$PATH GLID_LIBTORCH=/opt/glid/libtorch/torch
USER glid
WORKDIR /workspace
CMD ["glid_train", "--help"]
