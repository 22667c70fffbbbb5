#!/usr/bin/env bash
# Make the styles `anime` and `anime-fast` from folders of photos: landmarks of faces, the teacher's pictures, training,
# export, pruning, eight bits.
#   tools/styles/train_anime.sh WORK HELD_OUT PHOTOS...
# HELD_OUT holds photos that are in none of PHOTOS, on which the loss of eight bits is measured. WORK keeps landmarks,
# pairs (about 3 GB for 540 photos), runs and styles; repeating the command goes on where it stopped.
# LANDMARKS_PYTHON is a Python 3.11 with mediapipe 0.10.21, whose wheel carries the models that find faces; it is a tool's
# dependency alone. STEPS and FAST_STEPS set the lengths of the trainings, PRECISION their arithmetic: fp32 is the faster
# one where the processor has no instructions for bf16. LEAVE_OUT names photos not to be trained
# on, separated by commas. LICENCE and TRAINING_DATA go into the metadata.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export PYTHONPATH=$root:$root/tools
python=${PYTHON:-python}
work=$1 held_out=$2
shift 2

for folder in "$@"; do
    found=$work/landmarks/$(basename "$(dirname "$folder")")/$(basename "$folder")
    if [ ! -e "$found/complete" ]; then
        "${LANDMARKS_PYTHON:-python3.11}" "$root/tools/styles/teachers/landmarks.py" "$folder" "$found"
        touch "$found/complete"
    fi
done
if [ ! -e "$work/pairs/complete" ]; then
    $python -m styles.anime_pairs "$@" "$work/pairs" --landmarks "$work/landmarks" \
        --leave-out "${LEAVE_OUT:-}"
    touch "$work/pairs/complete"
fi
train() {
    $python -m translate train pix2pix --preset painted --precision "${PRECISION:-bf16}" \
        --a "$work/pairs/A" --b "$work/pairs/B" "$@"
}
train --steps "${STEPS:-20000}" --out "$work/run"
train --steps "${FAST_STEPS:-20000}" --out "$work/fast" \
    --generator-options wide_channels=48 --generator-options "dilations=[1,2,4,8,4,2]"
"$root/tools/finish_style.sh" "$work/run" "$work/anime.onnx" "Anime" "$held_out" "$@"
"$root/tools/finish_style.sh" "$work/fast" "$work/anime-fast.onnx" "Anime, fast" "$held_out" "$@"
