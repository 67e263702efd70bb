#!/usr/bin/env bash
# Formats all sources in place (clang-format 16, else 14). usage: format.sh [--check]     --check: changes nothing, fails on a difference
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

clang_format=$(command -v clang-format-16 || command -v clang-format-14) || die "install clang-format-16"
options=(-i)
[ "${1:-}" != --check ] || options=(--dry-run --Werror)
begin "formatting with $clang_format"
find include src tools tests \( -name '*.h' -o -name '*.cpp' -o -name '*.cu' \) -print0 |
  xargs -0 "$clang_format" --style=file "${options[@]}"
