#!/usr/bin/env bash
# Make the sampler `faces` anew: render characters, train on four fifths of them, judge by the others, export.
#
#     npm install three@0.164.1 puppeteer-core@24
#     tools/generation/train_faces.sh WORK MODEL_DIR
#
# MODEL_DIR is a clone of github.com/mmdagent-ex/uka, see tools/known/render_characters.mjs. Needs the extra "train".
# Some ten minutes of rendering and a hundred of training on a processor core with AMX. The same command continues
# where it ended. PYTHON chooses the interpreter, STEPS the number of steps.
set -euo pipefail
work=${1:?give a folder to work in} model=${2:?give the folder of the model}
tools=$(cd "$(dirname "$0")/.." && pwd)
translate=("${PYTHON:-python}" -m translate)
credit='renders of "CG-CA Uka (c) 2023-2024 by Nagoya Institute of Technology, Moonshot R&D Goal 1 Avatar Symbiotic Society" (CC BY 4.0), recoloured, with other hair'

node "$tools/known/render_characters.mjs" "$model" "$work/all" --characters 500
mkdir -p "$work/train" "$work/test"
for picture in "$work/all"/*.jpg; do
  name=$(basename "$picture")
  if [[ $name < 00400 ]]; then part=train; else part=test; fi # no character is in both
  ln -f "$picture" "$work/$part/$name"
done

"${translate[@]}" train gan --preset projected --images "$work/train" --no-flip --lr 3e-4 --lr-discriminator 4e-4 \
  --ema 0.998 --diff-augment translation,cutout --steps "${STEPS:-8000}" --precision bf16 --no-channels-last \
  --cache ram --workers 0 --out "$work/run"
"${translate[@]}" export "$work/run" -o "$work/faces.onnx" --overwrite --title faces --licence "CC BY 4.0" \
  --training-data "2,400 $credit"
"${translate[@]}" evaluate "$work/faces.onnx" --real "$work/test" --against "$work/train"
