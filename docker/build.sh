#!/usr/bin/env bash
# What the Dockerfiles here have in common: builds a preset, installs it in a folder and puts what the programs load of LibTorch beside it,
# in FOLDER/libtorch. usage: docker/build.sh release|cuda FOLDER
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../scripts/common.sh"

preset=$1 folder=$2 kind=()
[ "$preset" != cuda ] || kind=(--cuda)

# The libraries that the programs load, one a line. CUDA's open others by name, so all are taken, but those of Python.
libraries() {
  if [ "$preset" = cuda ]; then
    find "$site"/torch/lib "$site"/nvidia/*/lib -maxdepth 1 -name '*.so*' ! -name 'libtorch_python.so' ! -name 'libshm.so'
  else
    echo "$site/torch/lib/libtorch_cpu.so"
    ldd "$site/torch/lib/libtorch_cpu.so" | awk -v site="$site/" 'index($3, site) == 1 {print $3}'
  fi
}

build "$preset"
begin "installing into $folder"
cmake --install "build/$preset" --strip --prefix "$folder"
begin "copying LibTorch"
torch=$(scripts/fetch_libtorch.sh "${kind[@]}")
site=$(dirname "$(realpath "$torch")")
libraries | while read -r library; do
  library=$(realpath --no-symlinks "$library")
  install -D "$library" "$folder/libtorch/${library#"$site"/}"
done
install -D --mode=644 "$torch/version.py" "$folder/libtorch/torch/version.py"
say "$(du -sh "$folder" | cut -f1) in $folder, $(du -sh "$folder/libtorch" | cut -f1) of them LibTorch"
