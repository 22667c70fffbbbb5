"""An evaluation as a table, as JSON and as an HTML page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from translate.evaluate.evaluation import Curve, Evaluation
from translate.evaluate.set_metrics import spaced_indices
from translate.report.page import Page

MAX_SHOWN = 8  # pictures per section


@dataclass(frozen=True)
class Meaning:
    """The title of a metric, and how to read it."""

    title: str
    reading: str


LOWER, HIGHER = "lower is better", "higher is better"
MEANINGS = {
    "fid": Meaning("FID", f"{LOWER}; real pictures: one half against the other"),
    "kid": Meaning("KID", f"{LOWER}, about 0 at best"),
    "mmd_content": Meaning("MMD of content", f"{LOWER}, about 0 at best"),
    "mmd_texture": Meaning("MMD of texture", f"{LOWER}, about 0 at best"),
    "inception_score": Meaning("Inception Score", f"{HIGHER}: distinct and varied classes"),
    "precision": Meaning("precision", f"{HIGHER}: outputs among the real pictures"),
    "recall": Meaning("recall", f"{HIGHER}: real pictures among the outputs"),
    "density": Meaning("density", f"{HIGHER}: how many real pictures are near"),
    "coverage": Meaning("coverage", f"{HIGHER}: real pictures with an output near"),
    "diversity": Meaning("diversity", "distance between outputs, relative to real pictures: 1 is as varied"),
    "perceptual_diversity": Meaning("perceptual diversity", "the same, by features of several layers"),
    "memorised_share": Meaning("close to training", "share of outputs; 5 % would be chance"),
} | {
    f"{against}_{metric}": Meaning(f"{title} to the {against}", reading)
    for against in ("truth", "photo")
    for metric, title, reading in (
        ("psnr_db", "PSNR", "dB, " + HIGHER),
        ("ssim", "SSIM", HIGHER),
        ("l1", "L1", "of 255, " + LOWER),
        ("edge_agreement", "edge agreement", "1: the same edges"),
        ("colour_shift", "colour shift", "ΔE, " + LOWER),
    )
}


HEADER = ("", "outputs", "real pictures", "how to read it")


def rows(evaluation: Evaluation) -> list[tuple[str, str, str, str]]:
    """Title, the outputs' value, that of real pictures where there is one, and how to read it."""
    return [
        (meaning.title, _cell(evaluation, name), _cell(evaluation, f"{name}_of_real"), meaning.reading)
        for name, meaning in MEANINGS.items()
        if name in evaluation.metrics
    ]


def _cell(evaluation: Evaluation, name: str) -> str:
    value = evaluation.metrics.get(name)
    if value is None:
        return "–"
    shown = f"{value:.1%}" if name == "memorised_share" else f"{value:.4g}"
    deviation = evaluation.deviations.get(name)
    return shown if deviation is None else f"{shown} ± {deviation:.2g}"


def as_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Everything but the pictures, for JSON."""
    return {
        "outputs": str(evaluation.outputs.folder),
        "real": str(evaluation.real.folder),
        "network": evaluation.network,
        "counts": evaluation.counts,
        "figures": evaluation.metrics,
        "deviations": evaluation.deviations,
        "verdicts": [asdict(verdict) for verdict in evaluation.verdicts],
        "notes": evaluation.notes,
        "fid_by_count": asdict(evaluation.curve),
        "seconds": {name: round(seconds, 3) for name, seconds in evaluation.seconds.items()},
    }


def write_page(evaluation: Evaluation, path: Path) -> None:
    """Everything on one HTML page. Raises ``PictureError`` where it cannot be written."""
    counts = ", ".join(f"{count} {name}" for name, count in evaluation.counts.items())
    page = Page("Evaluation", f"{counts}. Features: {evaluation.network}.")
    for verdict in evaluation.verdicts:
        remedy = f"\nTo try: {verdict.remedy}." if verdict.remedy else ""
        kind = {"sound": "good", "too few": "note"}.get(verdict.case, "bad")
        page.callout(kind, verdict.case.capitalize(), f"{verdict.text}.{remedy}")  # type: ignore[arg-type]
    for note in evaluation.notes:
        page.callout("note", "Few pictures", note)
    page.heading("Metrics")
    page.table(HEADER, rows(evaluation))
    page.text(
        "Real pictures: one half compared to the other. ± is the standard deviation over random subsets of half of the "
        "pictures; for the Inception Score, over ten parts."
    )
    page.heading("FID by the number of pictures")
    page.plot(plot_curve(evaluation.curve), "The fewer pictures, the larger FID, even between real pictures.")
    page.text(
        "Both lines would be level if FID did not depend on the number of pictures. What falls is its bias: between "
        "real pictures there is nothing else, as their true distance is 0. Compare FIDs only at the same number."
    )
    _add_pictures(page, evaluation)
    page.heading("Time")
    page.table(("stage", "seconds"), [(name, f"{spent:.2f}") for name, spent in evaluation.seconds.items()])
    page.text("Decoding and features are summed over threads, one per core.")
    page.write(path)


def _add_pictures(page: Page, evaluation: Evaluation) -> None:
    paths, realism = evaluation.outputs.paths, evaluation.manifold.realism
    order = np.argsort(realism)
    best, worst = order[::-1][:MAX_SHOWN], order[:MAX_SHOWN]
    for title, chosen in (("Most like the real pictures", best), ("Least like them", worst)):
        page.heading(title)
        page.pictures(_grid([(paths[index], f"{realism[index]:.2f}") for index in chosen]))
    page.text("Below each its realism: above 1 it lies among the real pictures (Kynkäänniemi et al. 2019, equation 3).")
    missing = np.flatnonzero(~evaluation.manifold.covered)
    if len(missing):
        page.heading("Real pictures that no output is close to")
        some = missing[spaced_indices(len(missing), MAX_SHOWN)]
        page.pictures(_grid([(evaluation.real.paths[index], evaluation.real.paths[index].name) for index in some]))
        page.text(f"{len(missing)} of {len(evaluation.manifold.covered)}.")
    if evaluation.memorisation is None or evaluation.training is None:
        return
    found = evaluation.memorisation.outputs
    page.heading("Nearest training pictures")
    plot = plot_memorisation(found.distance, evaluation.memorisation.tests.distance)
    page.plot(plot, "Distance to the nearest training picture.")
    shown = [
        [
            (evaluation.memorisation_outputs[index], f"{found.distance[index]:.2f}"),
            (evaluation.training.paths[found.index[index]], found.variant[index]),
        ]
        for index in np.argsort(found.distance)[:MAX_SHOWN]
    ]
    page.pictures(shown, header=("output", "training picture"), caption="The outputs closest to a training picture.")


def _grid(shown: list[tuple[Path, str]]) -> list[list[tuple[NDArray[np.uint8] | Path, str]]]:
    return [list(shown[start : start + 4]) for start in range(0, len(shown), 4)]


def plot_curve(curve: Curve) -> Figure:
    """FID over the number of pictures, of outputs and of real pictures."""
    figure = Figure(figsize=(6, 3.2))
    axes = figure.subplots()
    for label, counts, spreads in (
        ("outputs against real pictures", curve.counts, curve.outputs),
        ("real pictures against others", curve.real_counts, curve.real),
    ):
        means, deviations = [spread.mean for spread in spreads], [spread.deviation for spread in spreads]
        axes.errorbar(counts, means, deviations, marker="o", capsize=3, label=label)
    axes.set(xlabel="pictures of each kind", ylabel="FID", ylim=(0, None))
    axes.legend()
    return figure


def plot_memorisation(outputs: NDArray[np.float64], tests: NDArray[np.float64]) -> Figure:
    """Histograms of the distance to the nearest training picture, [N] and [M]."""
    figure = Figure(figsize=(6, 2.6))
    axes = figure.subplots()
    bins = np.linspace(0, max(outputs.max(), tests.max()), 30).tolist()
    for label, values in (("outputs", outputs), ("real test pictures", tests)):
        axes.hist(values, bins, density=True, alpha=0.6, label=label)
    axes.set(xlabel="distance in features", yticks=[])
    axes.legend()
    return figure
