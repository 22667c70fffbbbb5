#!/usr/bin/env bash
# Train the methods on tasks whose truth is known, and print how near each comes.
#   tools/check_methods.sh WORK PHOTOS TEST_PHOTOS...
# WORK keeps data, runs, styles, tables and sheets; repeating the command goes on where it stopped. METHODS chooses among
# the tasks below, DEVICE the device, and a variable such as CYCLEGAN_STEPS the length of one (`sed -n '/STEPS:-/p'`).
#   pix2pix, cyclegan, cut    a colour grade with darkened edges; cyclegan and cut do not see the pairs
#   cel-cyclegan, cel-cut     the look of tools/cel_teacher.py, without pairs
#   stargan                   hair in four colours on rendered faces; needs node 20 and, once, npm's registry
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
export PYTHONPATH=$root
python=${PYTHON:-python}
mkdir -p "$1"
work=$(cd "$1" && pwd)
photos=$2
shift 2
tests=()
for folder in "$@"; do tests+=(--test "$folder"); done

known() { # LOOK SIDE: photos and what they become
    if [ ! -e "$work/$1/complete" ]; then
        $python "$root/tools/make_known.py" "$photos" "$work/$1" "${tests[@]}" --look "$1" --side "$2"
        touch "$work/$1/complete"
    fi
}

faces() {
    if [ ! -e "$work/faces/complete" ]; then
        mkdir -p "$work/node"
        cd "$work/node"
        npm install --no-save @dicebear/core@9 @dicebear/adventurer@9 @resvg/resvg-js@2
        node "$root/tools/render_avatars.mjs" "$work/faces"
        cd - > /dev/null
        touch "$work/faces/complete"
    fi
}

learn() { # TASK METHOD OPTIONS...: train, say the minutes this took, export
    local task=$1 method=$2 start=$SECONDS
    shift 2
    $python -m translate train "$method" --out "$work/runs/$task" --device "${DEVICE:-auto}" "$@"
    echo "$task: $(((SECONDS - start) / 60)) minutes"
    $python -m translate export "$work/runs/$task" -o "$work/$task.onnx"
}

compare() { # TASK LOOK
    $python "$root/tools/check_known.py" "$work/$1.onnx" "$work/$2/test" --sheet "$work/$1.png" | tee "$work/$1.txt"
}

for task in ${METHODS:-pix2pix cyclegan cut stargan cel-cyclegan cel-cut}; do
    case $task in
    pix2pix)
        known grade 176
        learn pix2pix pix2pix --a "$work/grade/train/A_of_B" --b "$work/grade/train/B" --preset filter \
            --crop 128 --batch-size 4 --steps "${PIX2PIX_STEPS:-600}" --ema 0.99
        compare pix2pix grade
        ;;
    esac
done
