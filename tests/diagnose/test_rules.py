"""The rules on synthetic logs, for what the trained runs of ``test_diagnosis.py`` do not show."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.pairs import tiny_run
from translate.diagnose.diagnosis import diagnose
from translate.diagnose.mismatch import MISMATCHED, SIGNIFICANT, sample_distance
from translate.diagnose.run_metrics import read_run
from translate.diagnose.verdict import Diagnosis
from translate.errors import UserError

LINES = 40


def of(
    folder: Path,
    metrics: Mapping[str, float | Sequence[float]],
    *,
    method: str = "cut",
    events: Sequence[dict[str, object]] = (),
    lines: int = LINES,
    **settings: object,
) -> Diagnosis:
    """The diagnosis of a run of ``method`` that logged ``metrics``: each a value per line, or one for all lines."""
    folder.mkdir(exist_ok=True)
    config = tiny_run(method, folder / "data", folder, **settings)
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    log = [
        {"step": 10 * (line + 1), "lr": 1e-3, "waiting_share": 0.1, "images_per_s": 10.0}
        | {name: value if isinstance(value, int | float) else value[line] for name, value in metrics.items()}
        for line in range(lines)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [*log, *events]))
    return diagnose(read_run(folder))


def cases(diagnosis: Diagnosis) -> list[str]:
    return [verdict.case for verdict in diagnosis.verdicts]


@pytest.mark.parametrize(("name", "problem"), [("metrics.jsonl", "line 2 is not"), ("config.json", "is not JSON")])
def test_nested_brackets_are_one_line(tmp_path: Path, name: str, problem: str) -> None:
    of(tmp_path, {"G/nce": 2.0}, lines=1)
    nested = '{"step": ' + "[" * 100_000 + "]" * 100_000 + "}\n"
    before = (tmp_path / name).read_text()
    (tmp_path / name).write_text(before + nested if name == "metrics.jsonl" else nested)
    with pytest.raises(UserError, match=f"{name}: {problem}"):
        read_run(tmp_path)


SOUND = {"D/separation": 0.7, "val/diversity": 0.9, "val/variety": 1.0, "G/nce": 2.0, "G/gradient": 1.0}


def test_a_sound_log_is_healthy(tmp_path: Path) -> None:
    assert cases(of(tmp_path, SOUND)) == ["healthy"]


def test_a_metric_that_is_not_finite(tmp_path: Path) -> None:
    diagnosis = of(tmp_path, SOUND | {"G/nce": [2.0] * 30 + [float("nan")] * 10})
    assert cases(diagnosis) == ["learning_rate"]
    assert diagnosis.verdicts[0].evidence == ("G/nce is not finite at step 310",)


def test_a_rollback(tmp_path: Path) -> None:
    diagnosis = of(tmp_path, SOUND, events=[{"step": 200, "rollback": "G/l1 is not finite: back to step 200"}])
    assert cases(diagnosis) == ["learning_rate"] and "step 200" in diagnosis.verdicts[0].evidence[0]


@pytest.mark.parametrize(("spikes", "found"), [(2, ["healthy"]), (4, ["learning_rate"])])
def test_single_spikes_are_no_fault(tmp_path: Path, spikes: int, found: list[str]) -> None:
    norms = [1.0] * LINES
    for index in range(spikes):
        norms[15 + 6 * index] = 8.0
    assert cases(of(tmp_path, SOUND | {"G/gradient": norms})) == found


@pytest.mark.parametrize(("objective", "found"), [("vanilla", ["discriminator_won"]), ("wgan-gp", ["healthy"])])
def test_a_winning_critic_is_no_fault(tmp_path: Path, objective: str, found: list[str]) -> None:
    assert cases(of(tmp_path, SOUND | {"D/separation": 1.0}, objective=objective)) == found


def test_one_of_two_discriminators_has_won(tmp_path: Path) -> None:
    metrics = SOUND | {"D_A/separation": 0.7, "D_B/separation": 1.0, "train/cycle": 0.05, "val/cycle": 0.06}
    del metrics["D/separation"]
    diagnosis = of(tmp_path, metrics, method="cyclegan")
    assert cases(diagnosis) == ["discriminator_won"]
    assert [text.split()[0] for text in diagnosis.verdicts[0].evidence] == ["D_B/separation"]


@pytest.mark.parametrize(
    ("method", "metric"), [("cyclegan", "cycle"), ("stargan", "reconstruction"), ("pix2pix", "l1")]
)
def test_every_distance_detects_underfitting_and_overfitting(tmp_path: Path, method: str, metric: str) -> None:
    loss = {"cyclegan": "G/cycle_A", "stargan": "G/reconstruction", "pix2pix": "G/l1"}[method]
    input_off = {"train/l1_of_input": 0.3, "val/l1_of_input": 0.3} if method == "pix2pix" else {}
    common = SOUND | input_off | {loss: 1.0}
    large = common | {loss: 30.0, f"train/{metric}": 0.3, f"val/{metric}": 0.3}
    apart = common | {f"train/{metric}": 0.03, f"val/{metric}": 0.12}
    assert cases(of(tmp_path / "large", large, method=method)) == ["underfit"]
    assert cases(of(tmp_path / "apart", apart, method=method)) == ["overfit"]


def test_an_average_far_behind_the_generator_is_named(tmp_path: Path) -> None:
    """The loss, with weight 100, shows the generator in training; ``train/l1`` its average."""
    metrics = SOUND | {"G/l1": 4.0, "train/l1_of_input": 0.5, "val/l1_of_input": 0.5}
    behind = of(tmp_path / "behind", metrics | {"train/l1": 0.4, "val/l1": 0.4}, method="pix2pix")
    assert cases(behind)[0] == "lagging_average"
    assert "0.400, 10.0 times the 0.040" in behind.verdicts[0].evidence[0]
    abreast = of(tmp_path / "abreast", metrics | {"train/l1": 0.04, "val/l1": 0.05}, method="pix2pix")
    assert cases(abreast) == ["healthy"]


def test_recall_detects_mode_dropping_where_spread_does_not(tmp_path: Path) -> None:
    few = SOUND | {"eval/precision": 0.8, "eval/recall": 0.1, "eval/coverage": 0.6}
    diagnosis = of(tmp_path, few)
    assert cases(diagnosis) == ["mode_dropping"]
    assert "recall is 0.10" in diagnosis.verdicts[0].evidence[0] and "coverage" not in diagnosis.verdicts[0].evidence[0]
    # recall means nothing while the outputs do not look real
    assert cases(of(tmp_path, few | {"eval/precision": 0.1})) == ["healthy"]


def test_a_small_spread_is_mode_dropping(tmp_path: Path) -> None:
    diagnosis = of(tmp_path, SOUND | {"val/variety": 0.4})
    assert cases(diagnosis) == ["mode_dropping"] and "val/variety" in diagnosis.verdicts[0].evidence[0]


def test_missing_metrics_are_named(tmp_path: Path) -> None:
    diagnosis = of(tmp_path, {"D/separation": 0.7, "G/nce": 2.0})
    missing = {fault.case: fault.reason for fault in diagnosis.not_judged}
    assert "val/diversity is not in the log" in missing["collapse"]
    assert "--eval-every" in missing["mode_dropping"]
    assert missing.keys() == {"collapse", "lagging_average", "mode_dropping", "overfit", "underfit"}


def test_samples_of_one_and_of_two_distributions() -> None:
    rng = np.random.default_rng(0)
    one, same = rng.normal(size=(40, 16)), rng.normal(size=(30, 16))
    alike, apart = sample_distance(one, same), sample_distance(one, same + 1.0)
    assert alike.p_value > SIGNIFICANT and abs(alike.mmd) < MISMATCHED and alike.counts == (40, 30)
    assert apart.p_value < SIGNIFICANT and apart.mmd > MISMATCHED > apart.within


def test_discrepancy_matches_the_formula() -> None:
    """Gretton et al. 2012, equation 3, term by term."""
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(5, 3)), rng.normal(0.5, size=(4, 3))
    everything = np.concatenate([one, other])
    apart = [np.linalg.norm(x - y) for i, x in enumerate(everything) for y in everything[i + 1 :]]

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.exp(-(np.linalg.norm(x - y) ** 2) / (2 * np.median(apart) ** 2)))

    inside_one = sum(kernel(x, y) for i, x in enumerate(one) for j, y in enumerate(one) if i != j) / (5 * 4)
    inside_other = sum(kernel(x, y) for i, x in enumerate(other) for j, y in enumerate(other) if i != j) / (4 * 3)
    across = sum(kernel(x, y) for x in one for y in other) / (5 * 4)
    assert sample_distance(one, other).mmd == pytest.approx(inside_one + inside_other - 2 * across)
