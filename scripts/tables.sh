#!/usr/bin/env bash
# The paper's tables in miniature, on generated scenes: tables.sh partial|depth|epochs|mask|fraction|multitask [--seeds 0,1,2]
# [--pretrain-steps N] [--steps N] [--out DIR]. Writes DIR/TABLE.md, .svg (a dot for each run) and .html. Run it again at any time: it goes on.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

# mistaken CODE: ends with the one line that was said already.
mistaken() { trap - EXIT; exit "$1"; }

case " $* " in *" -h "* | *" --help "* | *" --list "*) exec python3 scripts/tables.py "$@" ;; esac
python3 scripts/tables.py "$@" --list >/dev/null || mistaken $?  # before anything is built
begin "setting up"
scripts/bootstrap.sh
build release
# shellcheck source=/dev/null
source build/release/env.sh
begin "making the table"
python3 scripts/tables.py "$@"
