#!/usr/bin/env bash
# Make the style `cel` from folders of photos: pairs from the classical filter, training, export.
#   tools/styles/train_cel.sh WORK PHOTOS...
# WORK keeps the pairs (about 1 GB for 500 photos), the runs and the style; repeat the command to resume. STEPS sets the
# length of the training, FINE_STEPS that of the fine-tuning, which gives more weight to large differences and to pixels
# near borders: about two and a half hours in all on two CPU cores. FIELDS and LATTICE set how many synthetic pictures
# are added; LICENCE and TRAINING_DATA go into the style's metadata.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export PYTHONPATH=$root
python=${PYTHON:-python}
work=$1
shift

if [ ! -e "$work/pairs/complete" ]; then
    $python -m tools.styles.cel_pairs "$@" "$work/pairs" --scales 1,0.5 --tile 288 \
        --fields "${FIELDS:-600}" --lattice "${LATTICE:-16}"
    touch "$work/pairs/complete"
fi
$python -m translate train pix2pix --preset filter --steps "${STEPS:-17000}" \
    --a "$work/pairs/A" --b "$work/pairs/B" --out "$work/run"
$python -m translate train pix2pix --preset filter --init "$work/run" --steps "${FINE_STEPS:-6000}" --lr 1e-3 \
    --lambda-l2 4000 --crop 112 --batch-size 24 --a "$work/pairs/A" --b "$work/pairs/B" --out "$work/fine"
$python -m translate export "$work/fine" -o "$work/cel.onnx" --overwrite --title "Cel shading" \
    --licence "${LICENCE:-unspecified}" --training-data "${TRAINING_DATA:-unspecified}"
