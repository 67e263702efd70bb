#!/usr/bin/env bash
# The paper's tables in miniature, on generated scenes: tables.sh partial|depth|epochs|mask|fraction|multitask [--seeds 0,1,2]
# [--pretrain-steps N] [--steps N] [--out DIR]. Writes DIR/TABLE.md, .svg (a dot for each run) and .html. Run it again at any
# time: it goes on.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

run_series tables.py "$@"
