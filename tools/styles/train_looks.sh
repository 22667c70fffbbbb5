#!/usr/bin/env bash
# Make every style but `anime` from a folder of photos, each by one `translate distill` of its teacher.
#   tools/styles/train_looks.sh WORK PHOTOS [LOOK...]
# LOOK is one of those below, by default each of them. Style, int8 variant, card and preview become WORK/LOOK.*; repeat
# the command to resume. STEPS limits the training of a look, LICENCE and TRAINING_DATA go into the metadata.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export PYTHONPATH=$root
python=${PYTHON:-python}
work=$1 photos=$2
shift 2
declare -A titles=(
    [cel]="Cel shading"
    [manga]="Manga"
    [oil]="Oil"
    [poster]="Poster"
    [sketch]="Sketch"
    [watercolour]="Watercolour"
    [woodblock]="Woodblock"
)
# Some take a larger network or more steps.
declare -A sizes=([oil]=medium [watercolour]=medium)
# Dabs of few pixels are easier to learn.
declare -A scales=([oil]=512 [watercolour]=512)
declare -A steps=([cel]=20000 [oil]=12000 [watercolour]=12000)
[ $# -gt 0 ] || set -- "${!titles[@]}"
for look in "$@"; do
    : "${titles[$look]:?there is no look $look: choose of ${!titles[*]}}"
done
for look in "$@"; do
    $python -m translate distill "$photos" -o "$work/$look.onnx" --size "${sizes[$look]:-small}" \
        --scale "${scales[$look]:-768}" --max-steps "${STEPS:-${steps[$look]:-8000}}" \
        --teacher "$python -m tools.styles.teachers $look {input} {output}" \
        --title "${titles[$look]}" --licence "${LICENCE:-unspecified}" --training-data "${TRAINING_DATA:-unspecified}"
done
