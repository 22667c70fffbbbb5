#!/usr/bin/env bash
# Train the methods on tasks whose truth is known, and print how near each comes.
#   tools/known/check_methods.sh WORK PHOTOS TEST_PHOTOS...
# WORK keeps data, runs, styles, tables and sheets; repeating the command goes on where it stopped. TASKS chooses:
#   pix2pix cyclegan cut     a colour grade with darkened edges; cyclegan and cut do not see the pairs
#   stargan                  hair in four colours on rendered faces; needs node 20 and, the first time, npm's registry
#   cel                      cut on the look of tools/styles/teachers/cel.py, without pairs
# PIX2PIX_STEPS and so on set their lengths, DEVICE where they run.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export PYTHONPATH=$root
python=${PYTHON:-python}
mkdir -p "$1"
work=$(cd "$1" && pwd)
photos=$2
shift 2
tests=()
for folder in "$@"; do tests+=(--test "$folder"); done

# The small network starts as the identity, and a strong cycle or reconstruction would keep it there: their weights are
# below the papers'. Instance normalisation takes the mean colour out of what a discriminator sees, hence the spectral.
# The class head is content with hair dyed in part: that all of it is, stargan's adversarial term sees to, twice as heavy.
unpaired=(--generator mobile --crop 128 --batch-size 4 --lr 1e-3 --lr-discriminator 4e-4 --discriminator-options channels=32
    --discriminator-options layers=2 --discriminator-options norm=none --discriminator-options spectral_norm=true)
hair=black_hair,blond_hair,brown_hair,red_hair
unasked=long_hair,glasses,smile,blush,dark_skin

photo_pairs() { # LOOK SIDE
    if [ ! -e "$work/$1/complete" ]; then
        $python -m tools.known.make "$photos" "$work/$1" "${tests[@]}" --look "$1" --side "$2"
        touch "$work/$1/complete"
    fi
}

faces() {
    if [ ! -e "$work/faces/complete" ]; then
        mkdir -p "$work/node"
        (cd "$work/node" && npm install @dicebear/core@9 @dicebear/adventurer@9 @resvg/resvg-js@2 &&
            node "$root/tools/known/render_avatars.mjs" "$work/faces")
        touch "$work/faces/complete"
    fi
}

learn() { # TASK METHOD OPTIONS...
    local task=$1 method=$2 start=$SECONDS
    shift 2
    $python -m translate train "$method" --out "$work/runs/$task" --device "${DEVICE:-auto}" "$@"
    echo "$task: trained for $(((SECONDS - start + 30) / 60)) minutes"
    $python -m translate export "$work/runs/$task" -o "$work/$task.onnx" --overwrite
}

compare() { # TASK LOOK
    $python -m tools.known.check "$work/$1.onnx" "$work/$2/test" --sheet "$work/$1.png" | tee "$work/$1.txt"
}

for task in ${TASKS:-pix2pix cyclegan cut stargan cel}; do
    case $task in
    pix2pix)
        photo_pairs grade 176
        learn pix2pix pix2pix --a "$work/grade/train/A_of_B" --b "$work/grade/train/B" --preset filter \
            --crop 128 --batch-size 4 --ema 0.99 --steps "${PIX2PIX_STEPS:-600}"
        compare pix2pix grade
        ;;
    cyclegan)
        photo_pairs grade 176
        learn cyclegan cyclegan --a "$work/grade/train/A" --b "$work/grade/train/B" "${unpaired[@]}" \
            --lambda-cycle 2 --lambda-identity 0 --steps "${CYCLEGAN_STEPS:-1100}"
        compare cyclegan grade
        ;;
    cut)
        photo_pairs grade 176
        learn cut cut --a "$work/grade/train/A" --b "$work/grade/train/B" "${unpaired[@]}" \
            --lambda-nce 0.3 --no-nce-identity --steps "${CUT_STEPS:-3000}"
        compare cut grade
        ;;
    stargan)
        faces
        learn stargan stargan --images "$work/faces" --attributes "$work/faces/train.csv" --columns "$hair" \
            --generator mobile --crop 64 --batch-size 16 --objective lsgan --n-critic 2 --lambda-gan 2 \
            --lambda-reconstruction 2 --discriminator-options channels=32 --discriminator-options layers=4 \
            --lr 7e-4 --lr-discriminator 4e-4 \
            --steps "${STARGAN_STEPS:-6200}"
        $python -m tools.known.check_stargan "$work/stargan.onnx" "$work/faces/train.csv" "$work/faces/test.csv" \
            --unasked "$unasked" --truth "$work/faces/truth" --classifier "$work/classifier.safetensors" \
            --sheet "$work/stargan.png" | tee "$work/stargan.txt"
        ;;
    cel)
        photo_pairs cel 256
        learn cel cut --a "$work/cel/train/A" --b "$work/cel/train/B" "${unpaired[@]}" \
            --lambda-nce 0.3 --no-nce-identity --steps "${CEL_STEPS:-2500}"
        compare cel cel
        ;;
    *)
        echo "TASKS: $task is none of pix2pix, cyclegan, cut, stargan, cel" >&2
        exit 2
        ;;
    esac
done
