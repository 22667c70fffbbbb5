#!/usr/bin/env bash
# Make the styles `anime` and `anime-fast` from folders of photos: face landmarks, the teacher's pictures, training,
# export, pruning, int8.
#   tools/styles/train_anime.sh WORK HELD_OUT PHOTOS...
# HELD_OUT has photos that are not in PHOTOS, for measuring the loss of int8. WORK keeps landmarks, pairs (about 7 GB for
# 540 photos), runs and styles; repeat the command to resume.
# LANDMARKS_PYTHON is a Python 3.11 with mediapipe 0.10.21, whose wheel contains the face models; only this script needs
# it. STEPS and FAST_STEPS set the lengths of the runs, PRECISION their arithmetic: fp32 is faster on CPUs without bf16
# instructions. LEAVE_OUT names photos not to train on, separated by commas. LICENCE and TRAINING_DATA go into the
# metadata.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export PYTHONPATH=$root
python=${PYTHON:-python}
work=$1 held_out=$2
shift 2
photos=("$@")

for folder in "${photos[@]}"; do
    found=$work/landmarks/$(basename "$(dirname "$folder")")/$(basename "$folder")
    if [ ! -e "$found/complete" ]; then
        "${LANDMARKS_PYTHON:-python3.11}" "$root/tools/styles/teachers/landmarks.py" "$folder" "$found"
        touch "$found/complete"
    fi
done
if [ ! -e "$work/pairs/complete" ]; then
    $python -m tools.styles.anime_pairs "${photos[@]}" "$work/pairs" --landmarks "$work/landmarks" \
        --leave-out "${LEAVE_OUT:-}"
    touch "$work/pairs/complete"
fi
# Faces are a small part of all pixels, but a large part of what people look at: their tiles are used three times, those
# of their eyes four times.
copy_tiles() {
    local part=$1 copies=$2
    find "$work/faces" -regex ".*_$part[0-9]+\.bmp" | while read -r tile; do
        for copy in $(seq "$copies"); do ln "$tile" "${tile%.bmp}_again$copy.bmp"; done
    done
}
if [ ! -e "$work/faces/complete" ]; then
    rm -rf "$work/faces" && mkdir "$work/faces"
    cp -rl "$work/pairs/A" "$work/pairs/B" "$work/faces"
    copy_tiles face 2
    copy_tiles eyes 3
    touch "$work/faces/complete"
fi
# Half of the way by distances alone, then with a discriminator, which brings the crisp edges that distances leave soft.
make_style() {
    local name=$1 title=$2 steps=$3 network=()
    shift 3
    for option in "$@"; do network+=(--generator-options "$option"); done
    $python -m translate train pix2pix --preset painted --precision "${PRECISION:-bf16}" \
        --a "$work/faces/A" --b "$work/faces/B" "${network[@]}" \
        --generator-options antialias=false --generator-options soft_base=true \
        --lambda-l2 150 --lambda-perceptual 80 --lambda-shift 150 --lambda-gan 12 --gan-start 0.5 \
        --steps "$steps" --out "$work/$name"
    "$root/tools/styles/finish.sh" "$work/$name" "$work/$name.onnx" "$title" "$held_out" "${photos[@]}"
}
make_style anime "Anime" "${STEPS:-14000}" wide_channels=80 "dilations=[1,2,4,8,1,2,4,8]"
make_style anime-fast "Anime, fast" "${FAST_STEPS:-14000}" wide_channels=48 "dilations=[1,2,4,8,4,2]"
