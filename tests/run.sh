#!/usr/bin/env bash
# Checks everything, from a clean clone, on a machine with Rust, Node and Python: installs the peers that the tests
# talk to (the real model command lines and LiteLLM's proxy, pinned in tests/peers), then formatting, lints,
# documentation, and last the tests, whose closing lines end the output.
#
#   tests/run.sh [--no-peers] [--only-tests]
#
# --no-peers     does not install or use the peers; the tests that need them say so and prove nothing
# --only-tests   leaves out formatting, lints and documentation
#
# A peer that cannot be installed here does not fail the run: a line `SKIPPED PEER: name: why` says so, loudly.
set -euo pipefail
cd "$(dirname "$0")/.."

with_peers=yes
only_tests=no
for flag in "$@"; do
    case "$flag" in
        --no-peers) with_peers=no ;;
        --only-tests) only_tests=yes ;;
        -h | --help) sed -n '2,/^set -e/s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) echo "tests/run.sh: unknown flag $flag; known: --no-peers --only-tests" >&2; exit 2 ;;
    esac
done

say() { printf '\n==> %s\n' "$*"; }

# Files that only make a second build quicker: this is a run from the start, and they are a third of the build folder.
export CARGO_INCREMENTAL=0

# A disk that fills up in the middle fails in ways that say nothing about disks.
disk_gb_min=6
build_folder="${CARGO_TARGET_DIR:-target}"
mkdir -p "$build_folder"
for folder in "$build_folder" "${TMPDIR:-/tmp}"; do
    disk_mb_free="$(df -Pm "$folder" | awk 'NR == 2 { print $4 }')"
    if [ "$disk_mb_free" -lt $((disk_gb_min * 1024)) ]; then
        echo "DISK NEARLY FULL: $((disk_mb_free / 1024)) GB left for $folder; building and testing from a clean clone" \
            "takes up to $disk_gb_min GB. Going on; should it fail, free space first (cargo clean)." >&2
    fi
done

# The power-loss test reads what a writer did from strace. A machine without it gets it where that needs no password.
if ! command -v strace >/dev/null; then
    say "strace"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        { apt-get -qq update && apt-get -qq install -y strace; } >/dev/null 2>&1 || true
    fi
    command -v strace >/dev/null ||
        echo "SKIPPED PEER: strace: not installed; the power-loss test proves nothing (Debian: apt-get install strace)"
fi

if [ "$with_peers" = yes ]; then
    say "peers"
    SYNOD_TEST_PEERS="$(tests/peers/install.sh)"
    export SYNOD_TEST_PEERS
else
    unset SYNOD_TEST_PEERS
fi

if [ "$only_tests" = no ]; then
    say "formatting"
    cargo fmt --check
    say "lints"
    cargo clippy --locked --all-targets --quiet -- -D warnings
    say "documentation"
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --quiet
fi

say "examples in the documentation"
cargo test --locked --doc --quiet

say "tests"
# Said again here, next to the result it qualifies.
if [ "$with_peers" = yes ]; then
    sed 's/^/SKIPPED PEER: /' "$SYNOD_TEST_PEERS/skipped"
else
    echo "SKIPPED PEER: all of them: --no-peers"
fi
if cargo nextest --version >/dev/null 2>&1; then
    exec cargo nextest run --locked --no-fail-fast
else
    exec cargo test --locked --lib --bins --tests --no-fail-fast
fi
