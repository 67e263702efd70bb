#!/usr/bin/env bash
# Pre-trains a tiny GLID by masked image modelling, on generated scenes or on your images. usage: demo.sh [FOLDER_OF_IMAGES]
# The folder holds images, or train/<class>/ (and val/<class>/) as ImageNet does. Run it again at any time: it goes on.
here=$PWD
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

[ $# -le 1 ] || die_with 2 "one folder at most: scripts/demo.sh [FOLDER_OF_IMAGES]"
data=demo_data
out=runs/demo
settings=()
if [ $# = 1 ]; then
  data=$(cd "$here" && realpath -e -- "$1" 2>/dev/null) || die_with 3 "$1 does not exist: give a folder of images"
  [ -d "$data" ] || die_with 3 "$data is not a folder: give a folder of images"
  out=runs/demo_$(basename "$data")
  [ -d "$data/train" ] || settings+=(--set data.name=folder)
fi

begin "setting up"
scripts/bootstrap.sh
build release
# shellcheck source=/dev/null
source build/release/env.sh
if [ $# = 0 ] && [ ! -d "$data" ]; then
  begin "making the demo data in $data"
  glid_data make-demo --out "$data"
fi

begin "pre-training in $out"
code=0
glid_train --config configs/demo_pretrain.yaml --set "data.root=$data" "${settings[@]}" --out "$out" || code=$?
if [ "$code" = 75 ]; then
  say "stopped after a checkpoint: run the same command again to go on"
  exit 0
fi
[ "$code" = 0 ] || die_with "$code" "glid_train ended with exit code $code: see its lines above and $out/log.txt"

say "done, $SECONDS s in all. Look at:"
say "  $out/pictures/      masked, reconstructed, control and original images, one picture per interval"
say "  $out/*.png          loss curves with the baselines of predictors that learn nothing"
say "  $out/metrics.jsonl  every logged step; the same numbers for TensorBoard: tensorboard --logdir runs"
say "Fine-tune it (. build/release/env.sh puts the programs on the path):"
say "  glid_train --config configs/demo_finetune_detection.yaml --set init.from=$out"
