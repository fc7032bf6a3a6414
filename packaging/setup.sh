#!/usr/bin/env bash
# Gets what a Debian machine lacks for portcullis. Says nothing when nothing is missing.
#
#   ./packaging/setup.sh               what building and the demo need
#   ./packaging/setup.sh --test        what the tests need on top of it
#   ./packaging/setup.sh --pictures    what drawing the pictures of the documents needs on top of it
#
# The other scripts source it, so that a cargo found outside PATH is found by them too.

set -euo pipefail

say() {
    printf 'portcullis: %s\n' "$@" >&2
}

has_library() {
    pkg-config --exists "$@" 2>/dev/null
}

has_command() {
    command -v "$1" >/dev/null
}

has_font() {
    [ -n "$(find /usr/share/fonts /usr/local/share/fonts -name "$1.ttf" -print -quit 2>/dev/null)" ]
}

has_python_module() {
    has_command python3 && python3 -c "import $1" 2>/dev/null
}

# The server's programs are not on the path: nothing of ours wants a server that runs by itself.
has_postgres() {
    [ -n "$(find /usr/lib/postgresql -path '*/bin/postgres' -print -quit 2>/dev/null)" ]
}

# Prints the packages that are missing. What is looked for is the thing and not the package, so that
# other systems than Debian are served as well.
missing_packages() {
    has_command gcc || printf '%s\n' gcc libc6-dev
    has_command pkg-config || echo pkg-config
    # The TPM software stack, and the OpenSSL that SQLCipher computes with.
    has_library tss2-sys tss2-esys tss2-mu tss2-tctildr || echo libtss2-dev
    has_library libcrypto || echo libssl-dev
    # The software TPM of evaluation appliances and of the tests.
    has_command swtpm || echo swtpm
    # The tests let tools that this project did not write meet the same refusals.
    if [ "${1:-}" = --test ]; then
        has_command tpm2_getcap || echo tpm2-tools
        # And a system clock that jumps, for one process alone.
        has_command faketime || echo faketime
        # And a verifier of signed notes and of trees that others wrote.
        has_command go || echo golang-go
        [ -d /usr/share/gocode/src/golang.org/x/mod/sumdb/note ] || echo golang-golang-x-mod-dev
        # And what auditors type by hand: signatures, and files that were encrypted to them.
        has_command openssl || echo openssl
        has_command age || echo age
        # Another's reader of our schemas, another's writer of syslog, and the database of docs/fleet.md.
        has_python_module jsonschema || printf '%s\n' python3 python3-jsonschema
        has_command logger || echo bsdutils
        has_command setpriv || echo util-linux
        has_command psql && has_postgres || echo postgresql
    fi
    # PNG from SVG, and the font that the pictures are measured with.
    if [ "${1:-}" = --pictures ]; then
        has_command rsvg-convert || echo librsvg2-bin
        has_font DejaVuSansMono || echo fonts-dejavu-core
    fi
}

install_packages() {
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        as_root=(sudo)
        # Without a terminal nobody can answer its question.
        [ -t 0 ] || as_root=(sudo -n)
        has_command sudo || return 1
    fi
    has_command apt-get || return 1
    say "installing $*"
    # Debian's PostgreSQL would start a server at once; the tests start their own.
    case " $* " in *" postgresql "*)
        "${as_root[@]}" install -D -m 644 /dev/stdin /etc/postgresql-common/createcluster.d/portcullis.conf \
            <<<'create_main_cluster = false' || return 1 ;;
    esac
    "${as_root[@]}" apt-get update -qq >&2 &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >&2
}

need_packages() {
    local missing=()
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    if ! install_packages "${missing[@]}" || [ -n "$(missing_packages "$@")" ]; then
        say "these packages are missing and could not be installed: ${missing[*]}" \
            "install them as root, then run this again: apt-get install ${missing[*]}"
        exit 1
    fi
}

need_cargo() {
    local wanted found
    has_command cargo || PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    found=$(cargo --version 2>/dev/null | awk '{ print $2 }') || true
    if [ "$(printf '%s\n' "$wanted" "${found:-0}" | sort -V | head -n 1)" != "$wanted" ]; then
        say "Rust $wanted or later is needed, and ${found:-none} was found" \
            "install it as your own user, then run this again: https://rustup.rs"
        exit 1
    fi
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    need_packages "$@"
    need_cargo
fi
