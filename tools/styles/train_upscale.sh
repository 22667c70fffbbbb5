#!/usr/bin/env bash
# Make the network that enlarges drawn pictures, and its int8 variant, from folders of such pictures: pairs, training,
# export.
#   tools/styles/train_upscale.sh WORK PICTURES...
# PICTURES are drawn pictures at the size at which they look crisp, such as those that the styles make of photos. WORK
# keeps the pairs, the run, upscale.onnx and upscale-int8.onnx, which belong in assets/styles/enlargers; repeat the
# command to resume. STEPS sets the length of the training, by default some ten minutes on two CPU cores; LICENCE and
# TRAINING_DATA go into the metadata.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export PYTHONPATH=$root
python=${PYTHON:-python}
work=$1
shift

if [ ! -e "$work/pairs/complete" ]; then
    $python -m tools.styles.upscale_pairs "$@" "$work/pairs"
    touch "$work/pairs/complete"
fi
$python -m translate train pix2pix --preset enlarge --steps "${STEPS:-4000}" \
    --a "$work/pairs/A" --b "$work/pairs/B" --out "$work/run"
export_to() {
    $python -m translate export "$work/run" -o "$@" --title "Upscale" \
        --licence "${LICENCE:-unspecified}" --training-data "${TRAINING_DATA:-unspecified}"
}
export_to "$work/upscale.onnx"
export_to "$work/upscale-int8.onnx" --int8 --calibration "$work/pairs/A"
