#!/usr/bin/env bash
# Prints the folder of a LibTorch 2.11 (lib/ and include/) of this machine; else one line on stderr says what was found and what to do.
# usage: find_libtorch.sh [--cuda]       --cuda: one whose CUDA libraries can be loaded too
# The first that is there is taken: $GLID_LIBTORCH, what fetch_libtorch.sh fetched, the torch of python3.
set -euo pipefail

cuda=${1:-}
fetched="${GLID_CACHE:-${XDG_CACHE_HOME:-${HOME-}/.cache}/glid}/libtorch-2.11.0${cuda:+-cuda}/torch"
to_do="pip install torch==2.11.0, run $(dirname "$(realpath "$0")")/fetch_libtorch.sh${cuda:+ $cuda}, or set GLID_LIBTORCH to the folder of one (with lib/ and include/)"

refuse() { echo "$*; $to_do" >&2; exit 1; }

# The folder of `import torch`, found without importing it.
python_torch() {
  timeout 20 python3 -c 'import sys; sys.path.remove(""); import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] if s and s.origin else "")' 2>/dev/null || true
}

version_of() {
  sed -n "s/^__version__ = '\(.*\)'/\1/p" "$1/version.py" 2>/dev/null ||
  sed -n 's/^#define TORCH_VERSION_\(MAJOR\|MINOR\|PATCH\) \([0-9]*\)$/\2/p' "$1/include/torch/headeronly/version.h" 2>/dev/null |
    paste -sd. || true
}

# Refuses a folder that is no torch 2.11 whose C++ libraries can be loaded.
check() {
  local found=$1 version library needed missing
  version=$(version_of "$found")
  case $found in *:*) refuse "LibTorch: no library can be loaded from a folder with a colon in its name (got $found)" ;; esac
  case $version in 2.11.*) ;; *) refuse "LibTorch: torch 2.11 is needed (got ${version:-none} in $found)" ;; esac
  for library in libtorch_cpu.so ${cuda:+libtorch_cuda.so}; do
    [ -f "$found/lib/$library" ] || refuse "LibTorch: $found/lib/$library is missing"
    needed=$(LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}:${CUDA_HOME:-/usr/local/cuda}/lib64" ldd "$found/lib/$library" 2>/dev/null) ||
      refuse "LibTorch: $found/lib/$library is damaged: it can't be loaded"
    missing=$(awk '/not found/ {printf " %s", $1}' <<<"$needed")
    [ -z "$missing" ] || refuse "LibTorch: $found/lib/$library needs$missing, not found"
  done
  if [ -n "$cuda" ] && ! grep -q "^cuda.*'13\.0'" "$found/version.py"; then refuse "LibTorch: $found was not built for CUDA 13.0"; fi
}

if [ -n "${GLID_LIBTORCH:-}" ]; then
  folder=$GLID_LIBTORCH
elif [ -d "$fetched" ]; then
  folder=$fetched
else
  folder=$(python_torch)
  [ -n "$folder" ] || refuse "LibTorch: torch 2.11 is needed, and there is none in $fetched or in python3"
fi
check "$folder"
echo "$folder"
