# shellcheck shell=bash
# Sourced by the other scripts: where we are, how they speak, and a clear last line when a step fails.
set -euo pipefail
started_in=$PWD  # what relative paths of a command line are seen from
cd "$(dirname "${BASH_SOURCE[0]}")/.."
script_name=$(basename "$0")
step="starting"

say() { echo "== $script_name: $*"; }

# die_with CODE WORDS...: ends the script with one clear line.
die_with() {
  local code=$1
  shift
  trap - EXIT
  echo "== $script_name FAILED: $*" >&2
  exit "$code"
}

die() { die_with 1 "$@"; }

# begin WORDS...: names the step that a failure will be blamed on, with the seconds since the script started.
begin() { step=$*; say "[${SECONDS} s] $step"; }

on_exit() {
  local code=$?
  case $code in 75 | 129 | 130 | 143) # by a signal, with or without something to keep
    say "stopped: the same command goes on"
    exit 75
    ;;
  esac
  [ "$code" = 0 ] || die_with "$code" "while $step (exit code $code, after $SECONDS s): see the lines above"
}
trap on_exit EXIT

# stoppable COMMAND...: its exit code; 75 where a signal came and it had nothing left to do. A signal that only the script
# has got is passed on, and the command's end waited for.
stoppable() {
  local code=0 again child asked='' was_asked=''
  "$@" &
  child=$!
  trap 'asked=yes; was_asked=yes; kill -TERM "$child" 2>/dev/null || true' INT TERM HUP
  wait "$child" || code=$?
  while [ -n "$asked" ]; do
    asked=
    again=0
    wait "$child" 2>/dev/null || again=$?
    case $again in 127 | -1) ;; *) code=$again ;; esac # as bash says of one that had ended already
  done
  trap - INT TERM HUP
  case $was_asked$code in yes0 | yes-1) code=75 ;; esac # it had nothing left to do, or the signal has ended it
  return "$code"
}

# run_series SCRIPT ARGUMENTS...: a series of trainings of scripts/SCRIPT, whose mistakes are told before anything is built.
run_series() {
  local command=(env STARTED_IN="$started_in" python3 "scripts/$1" "${@:2}") code=0
  case " $* " in *" -h "* | *" --help "* | *" --list "*) exec "${command[@]}" ;; esac
  "${command[@]}" --list >/dev/null || code=$?
  [ "$code" = 0 ] || { trap - EXIT; exit "$code"; } # it has said what is wrong
  begin "setting up"
  scripts/bootstrap.sh
  build release
  # shellcheck source=/dev/null
  source build/release/env.sh
  begin "training"
  exec "${command[@]}" # signals are its own matter
}

# A compiler with the precompiled header of LibTorch takes up to 2 GB: no more jobs than memory or cores allow.
build_jobs() {
  local cores memory_gib
  cores=$(nproc)
  memory_gib=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
  echo $((memory_gib / 2 < 1 ? 1 : memory_gib / 2 < cores ? memory_gib / 2 : cores))
}

# build PRESET: configures and builds it in build/PRESET.
build() {
  begin "configuring the $1 build"
  cmake --preset "$1"
  begin "building ($1, $(build_jobs) jobs)"
  cmake --build --preset "$1" --parallel "$(build_jobs)"
}
