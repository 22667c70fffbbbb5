#!/usr/bin/env bash
# Make the style `night` from a folder of photos and one of drawn pictures: day by day's photos and the dark drawings,
# CUT from the weights of the shipped `cel`, export, pruning, eight bits.
#   tools/train_night.sh WORK ART HELD_OUT PHOTOS
# The folders are as in train_anime.sh. Repeating the command goes on where it stopped. STEPS, LICENCE and TRAINING_DATA
# as there.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
export PYTHONPATH=$root
python=${PYTHON:-python}
work=$1 art=$2 held_out=$3 photos=$4

if [ ! -e "$work/picked" ]; then
    $python "$root/tools/pick_by_colour.py" "$photos" "$work/day" --light 50 100
    $python "$root/tools/pick_by_colour.py" "$art" "$work/dark" --light 0 38 --blue-yellow -128 0
    touch "$work/picked"
fi
$python -m translate train cut --preset light --init cel --no-nce-identity --lambda-gan 10 --lambda-grid 100 \
    --scale 0.5 1 --lr 6e-4 --lr-discriminator 2e-4 --clip-gradient 1 --beta2 0.99 --warmup 30 --ema 0.99 \
    --a "$work/day" --b "$work/dark" --steps "${STEPS:-1950}" --out "$work/run"
"$root/tools/finish_style.sh" "$work/run" "$work/night.onnx" "Night" "$held_out" "$photos"
