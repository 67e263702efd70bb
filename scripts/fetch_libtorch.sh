#!/usr/bin/env bash
# Prints the folder of a LibTorch 2.11 (lib/ and include/) as the last line of stdout; everything else goes to stderr.
# usage: fetch_libtorch.sh [--cuda]      --cuda: also the libraries that libtorch_cuda needs and a CUDA toolkit lacks
# The first that fits is taken: what find_libtorch.sh finds, the pinned official wheel.
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

cuda=
for argument in "$@"; do
  case "$argument" in
    --cuda) cuda=--cuda ;;
    *) die "unknown argument $argument (usage: fetch_libtorch.sh [--cuda])" ;;
  esac
done
[ "$(uname -sm)" = "Linux x86_64" ] || die "the wheel is for Linux on x86_64, this is $(uname -sm)"

target=$base${cuda:+-cuda}
if found=$(LC_ALL=C "$(dirname "$(realpath "$0")")/find_libtorch.sh" $cuda 2>&1); then
  say "using $found"
  echo "$found"
  exit
fi
[ -z "${GLID_LIBTORCH:-}" ] && [ ! -d "$target" ] || die "$found"
[ -d "$base" ] || say "fetching torch $version (540 MB) into $cache, once"
make_folder "$base" "$wheels_cpu"
[ -z "$cuda" ] || make_folder "$target" "$wheels_cuda" "$base"
echo "$target/torch"
