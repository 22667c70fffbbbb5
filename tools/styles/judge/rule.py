"""The rule: no network that judges whether a picture is drawn may take part in training.

What a student is optimised against, it can deceive. So nsfwjs, whose networks `verdict` asks, is named by no
training script, option or module, which a test checks. The files of styles do not record against which networks
they were trained (``StyleInfo`` has no such field), so of a style from elsewhere nobody can tell.

Two other networks measure here. Mediapipe's face mesh (`likeness`, what moved in a face) tells the teacher where faces
are, so it is no judge from outside. EfficientNet-Lite0 (`fidelity`, how near the student is to its teacher) has no part
in `anime`, but gives a `projected` discriminator its features: of a style trained with one, its metrics judge nothing.
"""

from __future__ import annotations

JUDGES = ("nsfw",)  # part of all names of the package, nsfwjs, and of its weights, nsfw_model


def judges_named(text: str) -> list[str]:
    """Those of `JUDGES` that a script or a setting names, in any case of letters: none, if the rule is kept."""
    return [judge for judge in JUDGES if judge.lower() in text.lower()]
