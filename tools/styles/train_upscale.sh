#!/usr/bin/env bash
# Make the network that enlarges drawn pictures from folders of such pictures: pairs, training, export.
#   tools/styles/train_upscale.sh WORK PICTURES...
# PICTURES are drawn pictures at the size at which they look crisp, such as those that the styles make of photos. WORK
# keeps the pairs, the run and upscale.onnx, which belongs in assets/styles/enlargers; repeat the command to resume.
# STEPS sets the length of the training, by default some ten minutes on two CPU cores; LICENCE and TRAINING_DATA go into
# the metadata.
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
# In float32: eight bits take longer in so narrow a network.
$python -m translate export "$work/run" -o "$work/upscale.onnx" --overwrite --title "Upscale" \
    --licence "${LICENCE:-unspecified}" --training-data "${TRAINING_DATA:-unspecified}"
