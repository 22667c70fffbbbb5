#!/usr/bin/env bash
# Make the sampler `faces` anew: render characters, train on most of them, export, judge by the others.
#
#     npm install three@0.164.1 puppeteer-core@24
#     tools/generation/train_faces.sh WORK MODEL_DIR
#
# MODEL_DIR is a clone of github.com/mmdagent-ex/uka, see tools/known/render_characters.mjs. Needs the extra "train".
# About a quarter of an hour of rendering, and four hours of training on a processor core with AMX. The same command
# continues where it ended. PYTHON chooses the interpreter, STEPS the number of steps.
set -euo pipefail
work=${1:?give a folder to work in} model=${2:?give the folder of the model}
tools=$(cd "$(dirname "$0")/.." && pwd)
translate=("${PYTHON:-python}" -m translate)
credit='renders of "CG-CA Uka (c) 2023-2024 by Nagoya Institute of Technology, Moonshot R&D Goal 1 Avatar Symbiotic Society" (CC BY 4.0), recoloured, with other hair'

render() { node "$tools/known/render_characters.mjs" "$model" "$@"; }
render "$work/several" --characters 500 --pictures 6
render "$work/single" --first-character 500 --characters 1000 --pictures 1
render "$work/test" --first-character 2500 --characters 600 --first-picture 2 --pictures 1 # one of each, as each is new
mkdir -p "$work/train"
ln -f "$work"/{several,single}/*.jpg "$work/train"

"${translate[@]}" train gan --preset projected --images "$work/train" --no-flip --lr 3e-4 --lr-discriminator 4e-4 \
  --ema 0.998 --diff-augment zoom,translation,cutout --steps "${STEPS:-15000}" --precision bf16 --no-channels-last \
  --cache ram --workers 0 --out "$work/run"
"${translate[@]}" export "$work/run" -o "$work/faces.onnx" --overwrite --title faces --licence "CC BY 4.0" \
  --training-data "4,000 $credit"
"${translate[@]}" evaluate "$work/faces.onnx" --real "$work/test" --against "$work/train"
