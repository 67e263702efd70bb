#!/usr/bin/env bash
# Ways to pre-train, compared on one encoder: compare_objectives.sh [--objectives simmim,mae] [--encoder tiny_vit|tiny]
# [--data DIR] [--tasks depth,semantic] [--seeds 0,1,2] [--pretrain-steps N] [--steps N] [--out DIR]. Run it again at any time:
# it goes on.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

case " $* " in *" -h "* | *" --help "* | *" --list "*) exec python3 scripts/compare_objectives.py "$@" ;; esac
python3 scripts/compare_objectives.py "$@" --list >/dev/null  # mistakes, before anything is built
begin "setting up"
scripts/bootstrap.sh
build release
# shellcheck source=/dev/null
source build/release/env.sh
begin "comparing"
python3 scripts/compare_objectives.py "$@"
