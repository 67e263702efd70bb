#!/usr/bin/env bash
# Builds the cuda preset and tests what needs no GPU: its programs start and say in one line that there is none, and its install and
# packages work. usage: test_cuda.sh      Without a CUDA toolkit it says so, and that is all.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

# expect CODE TEXT COMMAND...: ends with the code and says the text; `said` is all that it says.
expect() {
  local code=$1 text=$2 got=0
  shift 2
  said=$("$@" 2>&1) || got=$?
  [ "$got" = "$code" ] || { echo "$said"; die "$* ended with $got, not $code"; }
  grep -qF -- "$text" <<<"$said" || { echo "$said"; die "$* did not say: $text"; }
}

# refuses TEXT COMMAND...: ends as a mistake of the user's does, with one line.
refuses() {
  expect 2 "$@"
  [ "$(wc -l <<<"$said")" = 1 ] || { echo "$said"; die "$2 says more than one line"; }
}

export PATH=$PATH:${CUDA_PATH:-/usr/local/cuda}/bin
if ! command -v nvcc >/dev/null; then
  say "no CUDA toolkit here (nvcc): the cuda preset is not built"
  exit
fi
begin "setting up"
scripts/bootstrap.sh
build cuda
bin=build/cuda/bin

begin "starting the programs"
for program in "$bin"/glid_*; do expect 0 "Usage: " "$program" --help; done
small=(--config configs/demo_pretrain.yaml --set "data={name: scenes, count: 40, size: 64, image_size: 64, workers: 1}" --set train.batch_size=4
       --set train.steps=2 --set optim.warmup_steps=1)
expect 0 "parameters" "$bin/glid_train" "${small[@]}" --dry-run
if nvidia-smi -L >/dev/null 2>&1; then
  say "there is a GPU: scripts/gpu_check.sh is for it"
else
  no_gpu="train.device: is cuda, but there is no usable GPU"
  refuses "$no_gpu" "$bin/glid_train" "${small[@]}" --set train.device=cuda --out /dev/null/none
  refuses "$no_gpu" "$bin/glid_gpu_check"
fi

begin "testing the install"
tests/install/install_test.sh "$PWD/build/cuda" "$PWD"
begin "testing the packages"
tests/install/packages_test.sh "$PWD/build/cuda"
say "the cuda preset passed, $SECONDS s in all"
