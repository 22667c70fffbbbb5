#!/usr/bin/env bash
# Build the sdist, the wheel from it, and the list of what it needs (SBOM, CycloneDX), into a new folder; check all three.
# Needs:  pip install --group release
# Use:    tools/release/package.sh FOLDER
set -euo pipefail
folder=$(realpath -m "$1")
if [ -e "$folder" ]; then
    echo "$folder: exists already; give a new folder" >&2
    exit 2
fi
cd "$(dirname "$0")/../.."
python -m build --no-isolation --outdir "$folder"
python -m twine check --strict "$folder"/*
check-wheel-contents "$folder"/*.whl
# the locked versions, with their hashes, of what converting needs
python -m cyclonedx_py requirements requirements.lock --pyproject pyproject.toml --output-reproducible \
    --output-file "$folder/sbom.json"
(cd "$folder" && sha256sum -- *)
