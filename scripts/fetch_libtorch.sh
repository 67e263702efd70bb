#!/usr/bin/env bash
# Prints the folder of a LibTorch 2.11 (lib/ and include/) as the last line of stdout; everything else goes to stderr.
# usage: fetch_libtorch.sh [--cuda]      --cuda: also the libraries that libtorch_cuda needs and a CUDA toolkit lacks
# The first that fits is taken: $GLID_LIBTORCH, an earlier fetch, an installed Python torch 2.11, the pinned official wheel.
set -euo pipefail

version=2.11.0
cache="${GLID_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/glid}"
base="$cache/libtorch-$version"

wheels_cpu='torch==2.11.0 --hash=sha256:7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a
nvidia-cuda-runtime==13.0.96 --hash=sha256:7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548
nvidia-cuda-cupti==13.0.85 --hash=sha256:4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8'
wheels_cuda='nvidia-cusparselt-cu13==0.8.0 --hash=sha256:25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd
nvidia-nvshmem-cu13==3.4.5 --hash=sha256:290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80
nvidia-cufile==1.15.1.6 --hash=sha256:08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44'

say() { echo "fetch_libtorch: $*" >&2; }
die() { say "$*"; exit 1; }

# fits DIR: is it a torch 2.11 whose C++ libraries can be loaded? Says why not.
fits() {
  local dir=$1 header=$1/include/torch/headeronly/version.h libraries=(libtorch_cpu.so) library missing
  [ -f "$header" ] || { say "$dir has no C++ headers of torch 2.11"; return 1; }
  if ! grep -q 'TORCH_VERSION_MAJOR 2$' "$header" || ! grep -q 'TORCH_VERSION_MINOR 11$' "$header"; then
    say "$dir is not torch 2.11"
    return 1
  fi
  if [ "$cuda" = yes ]; then
    libraries+=(libtorch_cuda.so)
    grep -q "^cuda.*'13\.0'" "$dir/version.py" || { say "$dir was not built for CUDA 13.0"; return 1; }
  fi
  for library in "${libraries[@]}"; do
    [ -f "$dir/lib/$library" ] || { say "$dir/lib/$library is missing"; return 1; }
    missing=$(LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}:${CUDA_HOME:-/usr/local/cuda}/lib64" ldd "$dir/lib/$library" |
              awk '/not found/ {printf " %s", $1}')
    [ -z "$missing" ] || { say "$dir/lib/$library needs$missing, not found"; return 1; }
  done
}

# The folder of `import torch` if that is 2.11, found without importing it.
installed_torch() {
  python3 - <<'PYTHON' 2>/dev/null
import importlib.util, pathlib, re, sys
spec = importlib.util.find_spec("torch")
folder = pathlib.Path(spec.origin).parent if spec and spec.origin else sys.exit(1)
found = re.search(r"__version__ = '2\.11\.", (folder / "version.py").read_text())
print(folder) if found else sys.exit(1)
PYTHON
}

# download REQUIREMENTS FOLDER: wheels named for every distribution alike, so that one hash holds everywhere.
download() {
  python3 -m pip --version >/dev/null 2>&1 || die "python3 -m pip is missing: install python3-pip (or run scripts/bootstrap.sh)"
  echo "$1" >"$2/requirements.txt"
  python3 -m pip download --no-cache-dir --disable-pip-version-check --require-hashes --no-deps --only-binary=:all: \
    --python-version 311 --abi cp311 --abi none --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 \
    --platform manylinux2014_x86_64 --platform manylinux1_x86_64 --dest "$2" --requirement "$2/requirements.txt" >&2 \
    || die "the download failed: see pip's message above"
}

# unpack WHEELS_FOLDER FOLDER: only what C++ needs.
unpack() {
  python3 - "$1" "$2" <<'PYTHON' || die "a wheel could not be unpacked into $2 (is the disk full?)"
import pathlib, sys, zipfile
wanted = ("torch/lib/", "torch/include/", "torch/share/", "torch/version.py", "nvidia/")
for wheel in sorted(pathlib.Path(sys.argv[1]).glob("*.whl")):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(sys.argv[2], [name for name in archive.namelist() if name.startswith(wanted)])
PYTHON
}

# make_folder FOLDER REQUIREMENTS [FOLDER_TO_START_FROM]: appears complete or not at all; a second caller waits for the first.
make_folder() (
  [ ! -d "$1" ] || exit 0
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock -n 9 || { say "waiting for another fetch to end"; flock 9; }
  [ ! -d "$1" ] || exit 0
  rm -rf "$cache"/unfinished.*
  work=$(mktemp -d "$cache/unfinished.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir "$work/wheels" "$work/tree"
  [ $# -lt 3 ] || cp --archive --link "$3/torch" "$3/nvidia" "$work/tree"
  download "$2" "$work/wheels"
  say "unpacking into $1"
  unpack "$work/wheels" "$work/tree"
  chmod 755 "$work/tree"
  mv -T "$work/tree" "$1"
)

cuda=no
for argument in "$@"; do
  case "$argument" in
    --cuda) cuda=yes ;;
    *) die "unknown argument $argument (usage: fetch_libtorch.sh [--cuda])" ;;
  esac
done
[ "$(uname -sm)" = "Linux x86_64" ] || die "the wheel is for Linux on x86_64, this is $(uname -sm)"

target=$base
[ "$cuda" = no ] || target=$base-cuda
if [ -n "${GLID_LIBTORCH:-}" ]; then
  fits "$GLID_LIBTORCH" || die "GLID_LIBTORCH=$GLID_LIBTORCH cannot be used"
  target=$GLID_LIBTORCH
elif [ ! -d "$target" ] && found=$(installed_torch) && fits "$found"; then
  say "using the installed torch in $found"
  target=$found
else
  [ -d "$base" ] || say "fetching torch $version (540 MB) into $cache, once"
  make_folder "$base" "$wheels_cpu"
  [ "$cuda" = no ] || make_folder "$target" "$wheels_cuda" "$base"
  target=$target/torch
fi
echo "$target"
