#!/usr/bin/env bash
# Checks a relocatable install of the cuda preset on a machine with a GPU and its own Python torch 2.11; prints every number.
# usage: gpu_check.sh [INSTALL | INSTALL.tar.gz] [WORK_FOLDER]
#   make one:   cmake --preset cuda && cmake --build --preset cuda && cmake --install build/cuda --strip --prefix glid-cuda
#   INSTALL     default: the install that this script lies in           WORK_FOLDER default: a temporary one, removed at the end
#   BATCHES     images a step of Swin-B, default "64 128 256 512"         PYTHON      the python3 that reads numbers
#   PARITY      scripts/parity of the sources: Python's time of the same step too, eager and, with COMPILE=1, torch.compile (minutes)
#   DEVICE=cpu  only what needs no GPU, of any install: programs start, a run is stopped and resumed
# It ends with a table in Markdown, of what was timed before a check failed too.
set -euo pipefail
device=${DEVICE:-cuda}

say() { echo "== gpu_check: $*"; }
die() { echo "== gpu_check FAILED: $*" >&2; exit 1; }

open_install() {
  local given=$1
  if [ -f "$given" ]; then
    mkdir -p "$work/install"
    tar -xf "$given" -C "$work/install" || die "$given is not a tar archive"
    given=$(dirname "$(dirname "$(find "$work/install" -path '*/bin/glid_train' | head -1)")")
  fi
  [ -x "$given/bin/glid_train" ] || die "$1 is no install of GLID: bin/glid_train is missing"
  install=$(realpath "$given")
}

find_torch() {
  local found kind=()
  [ "$device" = cpu ] || kind=(--cuda)
  found=$("$install/lib/glid/find_libtorch.sh" "${kind[@]}" 2>&1) || die "$found"
  say "torch in $found"
  "$install/bin/glid_train" --help >/dev/null || die "glid_train does not start"
  say "glid_train starts with this machine's torch"
}

need_gpu() {
  case $(nvidia-smi -L 2>/dev/null || true) in
    GPU*) ;;
    *) die "there is no GPU here: everything before this line works, the rest needs one" ;;
  esac
  nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader
}

# last RUN KEY: the key's value in the last line of metrics.jsonl that has it.
last() { "${PYTHON:-python3}" -c '
import json, sys
values = [line[sys.argv[2]] for line in map(json.loads, open(sys.argv[1] + "/metrics.jsonl")) if line.get(sys.argv[2]) is not None]
print(values[-1])' "$1" "$2"; }

# train_command RUN CONFIG SETTINGS...: puts what starts a run on the device into `command`. Started as that, and not by a function,
# a job in the background is the program itself, which gets its signals.
train_command() {
  local run=$1 config=$2 setting
  shift 2
  command=("$install/bin/glid_train" --config "$install/share/glid/configs/$config" --out "$run")
  for setting in "train.device=$device" "$@"; do command+=(--set "$setting"); done
}

table=("| network | images a step | images/s | TFLOP/s | of the peak | GPU memory, MiB | waiting for data |" "|---|---|---|---|---|---|---|")

# What dense bf16 products reach at most by the vendor's data sheet, TFLOP/s.
peak_of_gpu() {
  case $(nvidia-smi --query-gpu=name --format=csv,noheader | head -1) in
    *H100*|*H200*) echo 989 ;;
    *A100*) echo 312 ;;
    *) echo 0 ;;
  esac
}

# profile NAME CONFIG BATCH SETTINGS...: a row of the table, of 20 updates in bf16. The profile stays in $work/profile_NAME_BATCH.
profile() {
  local name=$1 config=$2 batch=$3 file=$work/profile_$1_$3.txt command
  shift 3
  train_command "$work/none" "$config" train.precision=bf16 "train.batch_size=$batch" train.steps=1000 "$@"
  "${command[@]}" --profile 20 --trace "$work/trace_${name}_$batch.json" >"$file" || die "profile of $name: see $file"
  table+=("$(awk -v name="$name" -v batch="$batch" -v peak="$(peak_of_gpu)" '
    $1 == "data" { wait = $3 }
    / images\/s, / { rate = $1; flops = $7; memory = $10 }
    END { printf "| %s | %s | %s | %s | %s | %s | %s %% |", name, batch, rate, flops, peak ? sprintf("%.1f %%", 100 * flops / peak) : "", memory, wait }
  ' "$file")")
  say "$name, $batch images a step: $(grep 'images/s,' "$file")"
}

speed() {
  local scenes="data={name: scenes, image_size: 192, workers: 14, count: 40000}" batch
  for batch in ${BATCHES:-64 128 256 512}; do profile swinb pretrain_swinb.yaml "$batch" "$scenes" optim.warmup_steps=10; done
  profile swinl pretrain_swinl.yaml 256 "$scenes" optim.warmup_steps=10
  GLID_WEIGHT_COPIES=0 profile swinb_cast_one_by_one pretrain_swinb.yaml 256 "$scenes" optim.warmup_steps=10
  profile swinb_checkpointing pretrain_swinb.yaml 512 "$scenes" optim.warmup_steps=10 train.activation_checkpointing=true
  profile semantic_640 finetune_ade20k_semantic_swinb.yaml 2 "data={name: scenes, kind: classes, size: 640, image_size: 640, workers: 14, count: 2000}" \
    'init.from=""' optim.warmup_steps=10
}

# The same step in Python, if it is given.
speed_of_python() {
  [ -n "${PARITY:-}" ] || return 0
  local bench=("${PYTHON:-python3}" "$PARITY/bench_step.py" --model swinb --device cuda --precision bf16 --batch 256 --steps 12)
  say "Python eager: $("${bench[@]}" | tail -1)"
  if [ -n "${COMPILE:-}" ]; then say "torch.compile: $("${bench[@]}" --compile | tail -1)"; fi
}

# Some steps in one run, and in a run that is stopped after its first checkpoint and resumed. On a CPU the two end with the same loss; on
# a GPU sums of gradients have no fixed order.
checkpoint_and_resume() {
  local whole=$work/whole halves=$work/halves steps=100 code=0 command process ends
  [ "$device" != cpu ] || steps=10
  local settings=("train.steps=$steps" train.batch_size=16 "data={name: scenes, image_size: 96, workers: 1, count: 400}" log.every_steps=1
                  "checkpoint.every_steps=$((steps / 5))" log.pictures_every_steps=0 optim.warmup_steps=5)
  train_command "$whole" demo_pretrain.yaml "${settings[@]}"
  "${command[@]}"
  train_command "$halves" demo_pretrain.yaml "${settings[@]}"
  "${command[@]}" &
  process=$!
  while [ ! -d "$halves/checkpoints/step_$(printf %08d $((steps / 5)))" ] && kill -0 $process 2>/dev/null; do sleep 0.05; done
  kill -TERM $process 2>/dev/null || true
  wait $process || code=$?
  [ "$code" = 75 ] || die "SIGTERM ended glid_train with exit code $code, not 75"
  "${command[@]}"
  ends=("$(last "$whole" loss)" "$(last "$halves" loss)")
  say "checkpoint and resume: loss at step $(last "$whole" step) in one run ${ends[0]}, after a stop (exit code $code) and a resume ${ends[1]}"
  [ "$device" != cpu ] || [ "${ends[0]}" = "${ends[1]}" ] || die "a run that was stopped and resumed ended with another loss"
}

at_end() {
  [ "${#table[@]}" -le 2 ] || printf '%s\n' "${table[@]}"
  [ -z "$temporary" ] || rm -rf "$temporary"
}

here=$(dirname "$(realpath "$0")")
temporary=
if [ $# -ge 2 ]; then
  mkdir -p "$2"
  work=$(realpath "$2")
else
  work=$(mktemp -d)
  temporary=$work
fi
trap at_end EXIT
open_install "${1:-$here/..}"
find_torch
if [ "$device" = cuda ]; then
  need_gpu
  say "CPU against CUDA, and the Reducer over NCCL with one rank"
  "$install/bin/glid_gpu_check" || die "glid_gpu_check found a difference"
  say "20 updates of each network, where their time goes in $work/profile_*.txt"
  speed
  speed_of_python
fi
checkpoint_and_resume
say "all checks passed"
