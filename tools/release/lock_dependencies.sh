#!/usr/bin/env bash
# Write the lock files anew: the newest versions within the bounds of pyproject.toml, for every system, with hashes.
# Needs uv (pip install uv). Options go to `uv pip compile`, such as --constraints FILE.
# Install what they name:  pip install --require-hashes -r requirements.lock && pip install --no-deps .
set -euo pipefail
cd "$(dirname "$0")/../.."

lock() { # FILE WHAT OPTION...
    {
        echo "# For $2. Written by tools/release/lock_dependencies.sh, do not edit."
        uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
            --quiet "${@:3}"
    } >"$1.new"
    mv "$1.new" "$1"
}

lock requirements.lock "converting" "$@"
lock requirements-all.lock "everything: converting, HEIC, videos, Ray, training, tests" --extra test --extra heif "$@"
