#!/usr/bin/env bash
# Make the style `cel` from folders of photos: pairs by the classical filter, training, export.
#   tools/train_cel.sh WORK PHOTOS...
# WORK keeps the pairs (about 1 GB for 500 photos) and the run; repeating the command goes on where it stopped.
# STEPS sets the length: the shipped style took STEPS_SHIPPED steps.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$1
shift
steps=${STEPS:-20000}
python=${PYTHON:-python}
export PYTHONPATH=$PWD

if [ ! -e "$work/pairs/complete" ]; then
    $python tools/make_cel_pairs.py "$@" "$work/pairs" --scales 1,0.5 --tile 288 --fields 600
    touch "$work/pairs/complete"
fi
$python -m translate train pix2pix --preset filter --steps "$steps" \
    --a "$work/pairs/A" --b "$work/pairs/B" --out "$work/run"
$python -m translate export "$work/run" -o "$work/cel.onnx" --title "Cel shading" \
    --licence "CC BY-SA 4.0" --training-data "see cel.md"
