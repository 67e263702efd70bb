#!/usr/bin/env bash
# The paper's story with a tiny GLID. usage: demo.sh [--all] | demo.sh FOLDER_OF_IMAGES
# Pre-trains by masked image modelling on generated scenes, fine-tunes for detection and depth (--all: for all six tasks) from there and from
# scratch with the same budget, evaluates, and writes a report. With a folder of images (or train/<class>/ and val/<class>/ in it, as
# ImageNet has) it pre-trains on these, and writes their features. Run it again at any time: it goes on.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

tasks=(detection depth)
data=demo_data
out=runs/demo
settings=()
least_images=40  # of which a tenth is held out
[ $# -le 1 ] || die_with 2 "one argument at most: scripts/demo.sh [--all | FOLDER_OF_IMAGES]"
case ${1-(none)} in
  "(none)") ;;
  --help | -h)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' scripts/demo.sh
    trap - EXIT
    exit 0
    ;;
  --all) tasks=(detection instance semantic panoptic depth pose) ;;
  -*) die_with 2 "there is no option $1: scripts/demo.sh [--all | FOLDER_OF_IMAGES]" ;;
  *)
    data=$(cd "$started_in" && realpath -e -- "$1" 2>/dev/null) || die_with 3 "$1 does not exist: give a folder of images"
    [ -d "$data" ] || die_with 3 "$data is not a folder: give a folder of images"
    searched=$data
    if [ -z "$(find -L "$data/train" -mindepth 1 -maxdepth 1 -type d -print -quit 2>/dev/null)" ]; then
      settings+=(--set data.name=folder)
    elif [ -d "$data/val" ]; then
      searched=$data/train
    fi
    images=$(find -L "$searched" -type f -iregex '.*\.\(jpe?g\|png\)' -printf . | wc -c)
    [ "$images" -ge "$least_images" ] ||
      die_with 3 "$searched holds $images JPEG and PNG images: $least_images at least are needed, to train on 32 at a time"
    tasks=()
    out=runs/demo_$(basename "$data")
    if [ -e "$out.folder" ] && [ "$(cat "$out.folder")" != "$data" ]; then
      die_with 2 "$out is of another folder of this name, $(cat "$out.folder"): rename both $out and $out.folder"
    fi
    ;;
esac

parts=$((${#tasks[@]} == 0 ? 2 : 2 + 3 * ${#tasks[@]}))
part=0
# next WORDS...: begins one of the parts of the whole.
next() {
  part=$((part + 1))
  begin "($part of $parts) $*"
}

# train CONFIG OUT [SETTINGS...]: a run to its end; one that was stopped ends the script, and goes on with it.
train() {
  local config=$1 run=$2 code=0
  shift 2
  stoppable glid_train --config "configs/$config.yaml" "$@" --out "$run" || code=$?
  case $code in 75 | 129 | 130 | 143) exit "$code" ;; esac
  [ "$code" = 0 ] || die_with "$code" "glid_train ended with exit code $code: see its lines above and $run/log.txt"
}

# finetune TASK START [SETTINGS...]: 300 steps, and what they reach on the scenes to validate on.
finetune() {
  local run=${out}_$1_$2 task=$1
  next "fine-tuning for $task from $2 in $run"
  shift 2
  train "demo_finetune_$task" "$run" --set train.steps=300 --set eval.every_steps=75 --set checkpoint.every_steps=75 \
    --set log.pictures_every_steps=150 "$@"
  runs+=("$run")
}

begin "setting up"
scripts/bootstrap.sh
build release
# shellcheck source=/dev/null
source build/release/env.sh
if [ "$data" = demo_data ] && [ ! -d "$data" ]; then
  begin "making the demo data in $data"
  glid_data make-demo --out "$data"
fi

next "pre-training in $out"
[ "$data" = demo_data ] || { mkdir -p runs && printf '%s\n' "$data" >"$out.folder"; }
train demo_pretrain "$out" --set "data.root=$data" "${settings[@]}"

if [ ${#tasks[@]} = 0 ]; then
  next "features of the images"
  glid_features --checkpoint "$out" --input "$data" --pool mean --stages 4 --out "$out/features.safetensors" \
    --neighbours "$out/neighbours.png"
  say "done, $SECONDS s in all. Look at:"
  say "  $out/pictures/             masked, reconstructed, control and original images"
  say "  $out/neighbours.png        some of the images, each with those that it is most like"
  say "  $out/features.safetensors  a vector an image (docs/features.md)"
  exit 0
fi

runs=("$out")
for task in "${tasks[@]}"; do
  finetune "$task" pretraining --set "init.from=$out"
  finetune "$task" scratch
  next "evaluating both for $task"
  for run in "${out}_${task}_pretraining" "${out}_${task}_scratch"; do
    glid_eval --checkpoint "$run" --json "$run/eval.json" --bootstrap 200
  done
  glid_eval --compare "${out}_${task}_scratch/eval.json" "${out}_${task}_pretraining/eval.json"
done
next "writing the report"
glid_report "${runs[@]}" --out runs/demo_report.html

say "done, $SECONDS s in all. Look at:"
say "  runs/demo_report.html  all runs on one page: open it in a browser"
say "  $out/pictures/         masked, reconstructed, control and original images, one picture per interval"
say "  ${out}_*/pictures/     what the tasks see"
