"""A diagnosis as plain values for JSON, and as an HTML page with the evidence marked in the curves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from translate.diagnose.mismatch import MISMATCHED
from translate.diagnose.run_metrics import RunMetrics, Series
from translate.diagnose.verdict import MEANINGS, Curves, Diagnosis, FolderDistance, RunVerdict
from translate.errors import printable
from translate.report.page import Page

TONES = {"healthy": "good", "not_enough_evidence": "note"}  # of the verdicts that are not faults
# plots of every run, of the metrics that begin or end so
OVERVIEW = {
    "Losses": ("G/", "/loss"),
    "Training and validation": ("train/", "val/l1", "val/cycle", "val/reconstruction"),
    "Separation by the discriminators": ("/separation",),
    "Spread of the outputs": ("val/diversity", "val/variety"),
    "Against real pictures": ("eval/",),
    "Gradients": ("/gradient",),
    "Learning rate": ("lr",),
    "Waiting for pictures, share of the time": ("waiting_share",),
}
LOGARITHMIC = {"Losses", "Gradients"}


def as_dict(run: RunMetrics, diagnosis: Diagnosis) -> dict[str, Any]:
    """Everything in plain values."""
    return {
        "run": str(run.folder),
        "method": run.method,
        "lines": run.lines,
        "verdicts": [
            {
                "name": verdict.case,
                "meaning": MEANINGS[verdict.case],
                "confidence": round(verdict.confidence, 3),
                "evidence": list(verdict.evidence),
                "remedies": list(verdict.remedies),
            }
            for verdict in diagnosis.verdicts
        ],
        "distance_of_test": None
        if diagnosis.distance is None
        else {
            "mmd": diagnosis.distance.mmd,
            "p_value": diagnosis.distance.p_value,
            "within": diagnosis.distance.within,
        },
        "not_judged": {fault.case: fault.reason for fault in diagnosis.not_judged},
    }


def write_page(run: RunMetrics, diagnosis: Diagnosis, path: Path) -> None:
    """The verdicts with their plots, then the run's curves. Raises ``PictureError`` where it cannot be written."""
    page = Page(f"Diagnosis of {printable(run.folder.name)}", f"{run.method}, {run.lines} lines of training metrics.")
    for verdict in diagnosis.verdicts:
        title = f"{verdict.case.replace('_', ' ').capitalize()}: {MEANINGS[verdict.case]}"
        page.callout(TONES.get(verdict.case, "bad"), title, as_text(verdict))  # type: ignore[arg-type]
        if verdict.curves is not None:
            caption = "The evidence." if verdict.curves.bound is None else "The evidence; the dashed line is the bound."
            page.plot(plot(run, verdict.curves), caption)
    if diagnosis.not_judged:
        page.heading("What could not be judged")
        page.table(("fault", "what is missing"), [(fault.case, fault.reason) for fault in diagnosis.not_judged])
    if diagnosis.distance is not None:
        page.heading("Pictures to be converted, compared to those trained on")
        page.plot(plot_distance(diagnosis.distance), "Squared MMD of the features; the histogram shows chance.")
    page.heading("The run")
    for title, endings in OVERVIEW.items():
        names = tuple(name for name in run.series if name.startswith(endings) or name.endswith(endings))
        if title == "Losses":
            names = tuple(name for name in names if not name.endswith("/gradient"))
        if names:
            page.plot(plot(run, Curves(names, logarithmic=title in LOGARITHMIC)), title)
    if run.events:
        page.heading("Alarms")
        page.table(("step", "event", "text"), [(str(step), kind, text) for step, kind, text in run.events])
    page.write(path)


def as_text(verdict: RunVerdict) -> str:
    """Evidence and remedies, one per line."""
    lines = [f"{text}." for text in verdict.evidence]
    if verdict.remedies:
        lines += ["To try:", *(f"• {text}" for text in verdict.remedies)]
    return "\n".join(lines)


def plot(run: RunMetrics, curves: Curves) -> Figure:
    """The series over the steps, the bound as a dashed line, the steps that are evidence as crosses."""
    figure = Figure(figsize=(7, 2.8))
    axes = figure.subplots()
    drawn = [run.series[name] for name in curves.names]
    for name, series in zip(curves.names, drawn, strict=True):
        line = axes.plot(*_with_gaps(series), label=printable(name), linewidth=1.2)[0]
        if len(series) <= 30:
            line.set_marker(".")
        marked = np.isin(series.steps, curves.marked) & np.isfinite(series.values)
        axes.plot(series.steps[marked], series.values[marked], "x", color=line.get_color(), markersize=8)
    if curves.bound is not None:
        axes.axhline(curves.bound, linestyle="--", color="grey", linewidth=1)
    positive = [series.values[np.isfinite(series.values)] > 0 for series in drawn]
    if curves.logarithmic and all(part.all() for part in positive):
        axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.legend(fontsize="small", ncols=2)
    return figure


def plot_distance(distance: FolderDistance) -> Figure:
    """Histogram of the MMDs of randomly mixed folders, with that of the two folders and the bound as lines."""
    figure = Figure(figsize=(7, 2.2))
    axes = figure.subplots()
    axes.hist(distance.mixed, 40, alpha=0.6, label="folders mixed at random")
    axes.axvline(distance.mmd, color="tab:red", label="the two folders")
    axes.axvline(MISMATCHED, linestyle="--", color="grey", label="bound")
    axes.set(xlabel="squared MMD", yticks=[])
    axes.legend(fontsize="small")
    return figure


def _with_gaps(series: Series) -> tuple[Any, Any]:
    """Steps and values, with NaN where the line breaks: at a rollback, and at a value that is not finite."""
    back = np.flatnonzero(np.diff(series.steps) < 0) + 1
    values = np.where(np.isfinite(series.values), series.values, np.nan)
    return np.insert(series.steps.astype(float), back, np.nan), np.insert(values, back, np.nan)
