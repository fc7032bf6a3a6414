#!/usr/bin/env bash
# Runs every check of the project on this machine, and gets what that takes.
#
#   ./packaging/test.sh             the suite; generated campaigns at a fraction of their count
#   ./packaging/test.sh --long      campaigns at full count
#
# PORTCULLIS_SEED repeats the campaigns of an earlier run; without it a fresh seed is drawn.

set -euo pipefail
# shellcheck source=packaging/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

CARGO_DENY_VERSION=0.20.2

profile=default
case "${1:-}" in
    '') ;;
    --long)
        profile=long
        export PORTCULLIS_LONG=1
        ;;
    *)
        say "unknown argument $1" "run it as: ./packaging/test.sh [--long]"
        exit 2
        ;;
esac

step() {
    printf '== %s\n' "$*"
}

need_packages --test
need_cargo
if ! cargo deny --version >/dev/null 2>&1; then
    step "installing cargo-deny, which takes some minutes once"
    if ! cargo install --locked --quiet cargo-deny --version "$CARGO_DENY_VERSION"; then
        say "cargo-deny could not be installed" \
            "install it, then run this again: cargo install --locked cargo-deny"
        exit 1
    fi
fi

step "format"
cargo fmt --check
step "lints"
cargo clippy --locked --all-targets -- -D warnings
step "licences, bans and sources of dependencies"
cargo fetch --locked --quiet --target x86_64-unknown-linux-gnu
cargo deny --offline --locked check licenses bans sources

# From the kernel, as a decimal number of 64 bits.
PORTCULLIS_SEED=${PORTCULLIS_SEED:-$(od -An -N8 -tu8 /dev/urandom | tr -d ' ')}
export PORTCULLIS_SEED
step "tests, PORTCULLIS_SEED=$PORTCULLIS_SEED"
if cargo nextest --version >/dev/null 2>&1; then
    exec cargo nextest run --locked --profile "$profile"
else
    exec cargo test --locked --no-fail-fast
fi
