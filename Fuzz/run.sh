#!/bin/sh
# Fuzzes each target for SECONDS (60 unless told). A finding is left in var/fuzz/<target>/ and the exit code is not 0.
#   Fuzz/run.sh [SECONDS]
# MILLRACE_BUILD=<prefix> goes before the build command (a lock, say).
set -eu
seconds=${1:-60}
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
export SWIFT_BACKTRACE=enable=no  # the backtracer would outlive a crash and hold our output open
export ASAN_OPTIONS=detect_leaks=0
cd "$here"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The linker prints a line for each symbol that it cannot export; they mean nothing.
if ! ${MILLRACE_BUILD:-} swift build -c release >"$log" 2>&1; then
  grep -v "Cannot export local symbol" "$log" >&2
  exit 1
fi
binaries=$(swift build -c release --show-bin-path)
for target in FuzzHTTP; do
  work="$root/var/fuzz/$target"
  mkdir -p "$work/corpus"
  echo "fuzzing $target for $seconds s"
  (cd "$work" && "$binaries/$target" -max_total_time="$seconds" -max_len=2048 -timeout=10 -print_final_stats=1 \
    -dict="$here/http.dict" corpus "$here/seeds/$target" 2>"$work/log") || {
    tail -30 "$work/log" >&2
    echo "$target failed: its input lies in $work, its log in $work/log" >&2
    exit 1
  }
  grep -E "number_of_executed_units|average_exec_per_sec" "$work/log"
done
