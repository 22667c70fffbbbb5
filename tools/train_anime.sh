#!/usr/bin/env bash
# Make the style `anime` from folders of photos and one of drawn pictures: the filter's pictures as an anchor, training
# from the weights of the shipped `cel`, export, pruning, eight bits.
#   tools/train_anime.sh WORK ART HELD_OUT PHOTOS...
# ART is of one hand, at the size at which photos are to be converted. HELD_OUT holds photos that are not in PHOTOS, on
# which the loss of eight bits is measured. WORK keeps the pairs (about 0.5 GB for 340 photos), the run and the styles;
# repeating the command goes on where it stopped. STEPS sets the length of the training, PRECISION its arithmetic: fp32
# is the faster one where the processor has no instructions for bf16. LICENCE and TRAINING_DATA go into the metadata.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
export PYTHONPATH=$root
python=${PYTHON:-python}
work=$1 art=$2 held_out=$3
shift 3

if [ ! -e "$work/pairs/complete" ]; then
    $python "$root/tools/make_cel_pairs.py" "$@" "$work/pairs" --tile 352 --fields 120 --lattice 1
    touch "$work/pairs/complete"
fi
$python -m translate train animegan --preset anchored --init cel --steps "${STEPS:-1200}" --precision "${PRECISION:-bf16}" \
    --a "$work/pairs/A" --anchor "$work/pairs/B" --b "$art" --out "$work/run"
"$root/tools/finish_style.sh" "$work/run" "$work/anime.onnx" "Anime" "$held_out" "$@"
