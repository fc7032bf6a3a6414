#!/usr/bin/env bash
# Shows portcullis on this machine, with a software TPM and sample data, and gets what that takes.
#
#   ./packaging/demo.sh                   ends in the console, where a job waits for its approvals
#   ./packaging/demo.sh --unattended      plays the whole story by itself
#   ./packaging/demo.sh --keep DIR        leaves the appliance behind
#
# It builds with the same profile as the tests, so that most of the two builds is one.

set -euo pipefail
# shellcheck source=packaging/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

need_packages
need_cargo
# By itself first, because the run is quiet and a first build takes minutes.
cargo build --locked
exec cargo run --locked --quiet -- demo "$@"
