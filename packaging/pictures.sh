#!/usr/bin/env bash
# Draws the pictures of the console anew, from the same screens as the snapshot tests.
#
#   ./packaging/pictures.sh           SVG of every screen into docs/pictures, and the PNGs of the readme
#   ./packaging/pictures.sh DIR       also a PNG of every screen into DIR
#
# A test fails while what is committed is not what the code draws.

set -euo pipefail
target=${1:+$(realpath -m -- "$1")}
# shellcheck source=packaging/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# What the readme shows, where some readers have no SVG.
README=(requests_unicode_colour approve_ascii_mono)

need_packages --pictures
need_cargo

pictures=docs/pictures
PORTCULLIS_PICTURES=write cargo test --locked --quiet --lib -- \
    --exact console::tests::album::the_pictures_of_the_documents_are_what_the_code_draws

png() {
    rsvg-convert --output "$2" "$1"
}

rm -f "$pictures"/*.png
for name in "${README[@]}"; do
    png "$pictures/$name.svg" "$pictures/$name.png"
done
(cd "$pictures" && sha256sum "${README[@]/%/.svg}" >png.sha256)

if [ -n "$target" ]; then
    mkdir -p "$target"
    for svg in "$pictures"/*.svg; do
        png "$svg" "$target/$(basename "$svg" .svg).png"
    done
fi
