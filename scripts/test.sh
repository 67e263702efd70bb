#!/usr/bin/env bash
# Sets the machine up, builds the dev preset and runs all tests. usage: test.sh [ctest arguments, e.g. -L unit]
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

begin "setting up"
scripts/bootstrap.sh
build dev
begin "running the tests"
ctest --preset dev "$@"
say "all tests passed, $SECONDS s in all"
