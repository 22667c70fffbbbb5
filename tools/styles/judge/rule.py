"""The rule: no network that judges whether a picture is drawn may take part in training.

A student can learn to fool whatever it is optimised against. So no training script, option or module may mention
nsfwjs, whose networks `verdict` uses; a test checks this. Style files do not record which networks they were trained
against (``StyleInfo`` has no such field), so for styles from elsewhere this cannot be known.

Two other networks are used for metrics. MediaPipe's face mesh (`likeness`, what moved in a face) tells the teacher
where faces are, so it is not independent. EfficientNet-Lite0 (`fidelity`, how close the student is to its teacher) has
no part in `anime`, but provides the features of the `projected` discriminator: for a style trained with one, its
metrics mean nothing. After training with ``--lambda-perceptual``, whose features are EfficientNet-Lite2's by default,
its distance is that of a relative: PSNR and SSIM count more.
"""

from __future__ import annotations

JUDGES = ("nsfw",)  # common to the names of the package, nsfwjs, and of its weights, nsfw_model


def judges_named(text: str) -> list[str]:
    """Those of `JUDGES` that a script or a setting mentions, ignoring case: none if the rule is kept."""
    return [judge for judge in JUDGES if judge.lower() in text.lower()]
