#!/usr/bin/env bash
# Kills a real two-rank run N times and shows that its end is that of a run which never was: torture.sh [N] [--task
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
