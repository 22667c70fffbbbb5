#!/usr/bin/env bash
# Measure and check everything on a machine with an NVIDIA GPU, in under eight minutes after installing.
#   tools/bench/gpu.sh OUT [WHEELS] [OPTIONS...]      OPTIONS as of tools/bench/gpu.py: --device cuda:1, --dry-run
# Needs Python 3.11 or newer (PYTHON, default python3) and, unless WHEELS has it, PyTorch with CUDA. WHEELS is a folder
# with everything else, filled where there is a network, by the same Python:
#   pip download --dest WHEELS '.[train,cuda]' 'hatchling>=1.26.3,<2'
# Without WHEELS, PYTHON has to have the packages already. Results: OUT/gpu.json, OUT/gpu.md; exit code 1: a check failed.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
python=${PYTHON:-python3}
out=$(realpath -m "$1")
shift
if [ $# -gt 0 ] && [ -d "$1" ]; then
    wheels=$(realpath "$1")
    shift
    environment=$(mktemp -d)
    trap 'rm -rf "$environment"' EXIT
    # the machine's own PyTorch is used, and kept as it is
    "$python" -m venv --system-site-packages "$environment"
    python=$environment/bin/python
    "$python" -m pip install --quiet --no-index --find-links "$wheels" "$root[train,cuda]"
fi
cd "$root"
PYTHONPATH=$root "$python" -m tools.bench.gpu "$out" "$@"
