#!/usr/bin/env bash
# Export a run as a style, without hidden channels that never fire on PHOTOS, and its int8 variant beside it.
#   tools/styles/finish.sh RUN OUT.onnx TITLE HELD_OUT PHOTOS...
# The variant is calibrated on the first folder of PHOTOS, and its loss is measured on HELD_OUT. LICENCE and
# TRAINING_DATA go into the metadata.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export PYTHONPATH=$root
python=${PYTHON:-python}
run=$1 style=$2 title=$3 held_out=$4
shift 4

$python -m translate export "$run" -o "$style.whole.onnx" --overwrite --title "$title" \
    --licence "${LICENCE:-unspecified}" --training-data "${TRAINING_DATA:-unspecified}"
$python -m tools.styles.prune "$style.whole.onnx" "$style" "$@"
rm "$style.whole.onnx"
$python -m tools.styles.quantise "$style" "${style%.onnx}-int8.onnx" --calibration "$1" --measure "$held_out"
