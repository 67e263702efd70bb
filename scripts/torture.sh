#!/usr/bin/env bash
# Kills real two-rank runs N times and shows that their ends are those of runs which never were: torture.sh [N] [--task
# pretraining|detection] [--steps N] [--ranks N] [--seed S] [--out DIR]. Uses the programs on the path, or those of build/release.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

if ! command -v glid_train >/dev/null; then
  build release
  # shellcheck source=/dev/null
  source build/release/env.sh
fi
begin "torture"
python3 scripts/torture.py "$@"
