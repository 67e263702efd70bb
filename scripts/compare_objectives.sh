#!/usr/bin/env bash
# Ways to pre-train, compared on one encoder: compare_objectives.sh [--objectives simmim,mae] [--encoder tiny_vit|tiny]
# [--data DIR] [--tasks depth,semantic] [--seeds 0,1,2] [--pretrain-steps N] [--steps N] [--out DIR]. Run it again at any time:
# it goes on.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

run_series compare_objectives.py "$@"
