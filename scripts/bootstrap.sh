#!/usr/bin/env bash
# Makes a bare Debian 12 or Ubuntu 24.04 ready to build: installs the packages that are missing, then fetches LibTorch.
# Needs root or sudo only when something is missing. usage: bootstrap.sh
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/common.sh"

# What is called as a command is asked for as a command (it may come from elsewhere), libraries as packages.
commands=(g++:g++ cmake:cmake ninja:ninja-build ccache:ccache mold:mold git:git python3:python3 flock:util-linux help2man:help2man)
libraries=(libc6-dev libspdlog-dev libfmt-dev libyaml-cpp-dev libcli11-dev libsimdjson-dev libjpeg-dev libpng-dev libdeflate-dev libpugixml-dev libhdf5-dev libssl-dev
           libopencv-core-dev libopencv-imgproc-dev libgloo-dev libgtest-dev libgmock-dev libbenchmark-dev)

missing_packages() {
  local entry package
  for entry in "${commands[@]}"; do
    command -v "${entry%%:*}" >/dev/null || echo "${entry##*:}"
  done
  python3 -m pip --version >/dev/null 2>&1 || echo python3-pip
  for package in "${libraries[@]}"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    DEBIAN_FRONTEND=noninteractive "$@"
  else
    sudo DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

install_packages() {
  local packages=("$@")
  command -v apt-get >/dev/null || die "these packages are missing and there is no apt-get to install them: ${packages[*]}"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "not root and no sudo: ask an administrator to run: apt-get install ${packages[*]}"
    sudo -v || die "sudo was refused: ask an administrator to run: apt-get install ${packages[*]}"
  fi
  as_root apt-get update -q
  as_root apt-get install -q -y --no-install-recommends "${packages[@]}"
}

begin "looking for missing packages"
mapfile -t missing < <(missing_packages)
if [ "${#missing[@]}" -gt 0 ]; then
  begin "installing ${missing[*]}"
  install_packages "${missing[@]}"
fi
cmake_version=$(cmake --version | awk 'NR == 1 {print $3}')
[ "$(printf '%s\n' 3.25 "$cmake_version" | sort -V | head -1)" = 3.25 ] || die "CMake $cmake_version is too old: 3.25 is needed"

begin "looking for LibTorch 2.11"
say "LibTorch: $(scripts/fetch_libtorch.sh)"
