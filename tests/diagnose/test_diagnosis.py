"""Runs trained to have one fault each (``tools/known/faulty_runs.py``): the fault is the first verdict."""

from pathlib import Path

import pytest

from translate.diagnose.diagnosis import diagnose
from translate.diagnose.run_metrics import RunMetrics, read_run
from translate.diagnose.verdict import Diagnosis

RUNS = Path(__file__).parent / "runs"
FAULTS = {
    "healthy": "healthy",
    "underfit_size": "underfit",
    "underfit_optimisation": "underfit",
    "overfit": "overfit",
    "discriminator_won": "discriminator_won",
    "collapse": "collapse",
    "mode_dropping": "mode_dropping",
    "learning_rate": "learning_rate",
    "starvation": "starvation",
}


def of(name: str, *, reference: str | None = None) -> Diagnosis:
    return diagnose(read_run(RUNS / name), reference=None if reference is None else read_run(RUNS / reference))


def test_every_stored_run_is_tested() -> None:
    assert sorted(path.name for path in RUNS.iterdir()) == sorted(FAULTS)


@pytest.mark.parametrize(("name", "fault"), FAULTS.items())
def test_the_fault_trained_into_a_run_is_the_first_verdict(name: str, fault: str) -> None:
    verdicts = of(name).verdicts
    assert verdicts[0].case == fault
    assert verdicts[0].evidence and all(any(map(str.isdigit, text)) for text in verdicts[0].evidence[:1])
    assert (verdicts[0].remedies == ()) == (fault == "healthy")


def test_a_healthy_run_has_no_other_verdict() -> None:
    diagnosis = of("healthy")
    assert [verdict.case for verdict in diagnosis.verdicts] == ["healthy"]
    assert not diagnosis.not_judged


def test_a_better_smaller_network_means_failed_optimisation() -> None:
    verdict = of("underfit_optimisation", reference="underfit_size").verdicts[0]
    assert verdict.case == "underfit" and "the optimisation fails" in verdict.evidence[-1]
    assert verdict.confidence > of("underfit_optimisation").verdicts[0].confidence
    assert not any("larger network" in text for text in verdict.remedies)


def test_a_smaller_network_no_better_means_too_small_a_model() -> None:
    verdict = of("underfit_size", reference="underfit_optimisation").verdicts[0]
    assert verdict.case == "underfit" and "too small" in verdict.evidence[-1]
    assert all("larger network" in text for text in verdict.remedies)


def first_lines(run: RunMetrics, count: int, folder: Path) -> RunMetrics:
    """The run after ``count`` lines of its log."""
    (folder / "config.json").write_text((run.folder / "config.json").read_text())
    lines = (run.folder / "metrics.jsonl").read_text().splitlines(keepends=True)
    (folder / "metrics.jsonl").write_text("".join(lines[:count]))
    return read_run(folder)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_short_log_is_not_judged(name: str, tmp_path: Path) -> None:
    run = read_run(RUNS / name)
    diagnosis = diagnose(first_lines(run, 5, tmp_path))
    assert [verdict.case for verdict in diagnosis.verdicts] == ["not_enough_evidence"]
    reasons = {fault.case: fault.reason for fault in diagnosis.not_judged}
    assert "20 or more are needed" in reasons["learning_rate"]
