"""The settings that every training run has: any method takes any objective and any stabiliser."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import ClassVar, Literal

from translate.config.settings import Settings
from translate.config.values import out_of_limits, setting, weight

CONFIG_NAME, METRICS_NAME = "config.json", "metrics.jsonl"


@dataclass(frozen=True)
class Distance:
    """How far a method's pictures are from the target, in the log: mean absolute differences of pictures in [-1, 1]."""

    metric: str  # the validation metric, such as "l1" for "val/l1"
    loss: str  # the training loss, the metric times its weight
    weight: str  # the setting that holds that weight
    of_input: str = ""  # the metric of the untranslated input, where that can be compared


@dataclass(frozen=True, kw_only=True)
class TrainConfig(Settings):
    """Settings that every method has, and what other modules need to know of the method."""

    implementation: ClassVar[str]  # MODULE:CLASS of the `Method`, imported when training begins
    distance: ClassVar[Distance | None] = None  # to the target, where the log has it
    paired: ClassVar[bool] = False  # whether each input has a target of its own
    from_noise: ClassVar[bool] = False  # whether pictures are made from noise, not from other pictures

    out: Path = setting(MISSING, "Start here", "folder of the run: checkpoints, logs, samples", free=True)
    init: Path | None = setting(
        None, "Networks", "run, checkpoint or style to fine-tune: this run starts from its weights"
    )

    generator: str = setting("unet", "Start here", "generator network, by name")
    generator_options: dict = setting({}, "Networks", "option of the generator, key=value (repeatable)")
    discriminator: str = setting("patchgan", "Networks", "discriminator network, by name")
    discriminator_options: dict = setting({}, "Networks", "option of the discriminator, key=value (repeatable)")
    weight_init: Literal["paper", "normal", "orthogonal"] = setting(
        "paper", "Networks", "initial weights: as in each network's paper, N(0, 0.02), or orthogonal (BigGAN)"
    )

    resize: int = setting(
        0, "Data", "side in pixels to which pictures are resized before the crop; 0 keeps their size", at_least=0
    )
    crop: int = setting(256, "Start here", "side in pixels of the training crops", at_least=8)
    working_size: int = setting(
        0,
        "Data",
        "longest side in pixels of the pictures that the style is made for, stored in its metadata; 0: not stated",
        free=True,
        at_least=0,
        at_most=1_000_000,  # the limit of the style's metadata
    )
    scale: tuple[float, float] = setting(
        (1.0, 1.0), "Data", "smallest and largest random enlargement of the crop's content"
    )
    rotate: float = setting(0.0, "Data", "random rotation, up to this many degrees either way", at_least=0)
    flip: bool = setting(True, "Data", "mirror half of the crops")
    quarter_turns: bool = setting(False, "Data", "turn crops by random multiples of 90 degrees")
    augment_on: Literal["workers", "device"] = setting(
        "workers",
        "Data",
        "where to mirror, turn, rotate and jitter crops: one by one in workers, or in batches on the device",
    )
    bad_pictures: float = setting(
        0.01,
        "Data",
        "share of the samples that may turn out unreadable while training: they are replaced by others, with a warning",
        free=True,
        at_least=0,
        at_most=1,
    )
    val_samples: int = setting(
        4, "Data", "samples kept out of training for the validation grid, at most a fifth of all", at_least=0
    )

    batch_size: int = setting(1, "Start here", "samples per batch on each device", at_least=1)
    accumulate: int = setting(1, "Optimiser", "batches accumulated per step on each device, to save memory", at_least=1)
    epochs: int = setting(200, "Start here", "passes over the data", free=True, at_least=1)
    steps: int = setting(0, "Start here", "steps instead of --epochs; 0 counts epochs", free=True, at_least=0)
    lr: float = setting(2e-4, "Start here", "learning rate of the generator (Adam)", above=0)
    lr_discriminator: float = setting(0.0, "Optimiser", "learning rate of the discriminator; 0 takes --lr", at_least=0)
    beta1: float = setting(0.5, "Optimiser", "Adam's first-moment decay", at_least=0, below=1)
    beta2: float = setting(0.999, "Optimiser", "Adam's second-moment decay", at_least=0, below=1)
    schedule: Literal["linear", "cosine", "constant"] = setting(
        "linear", "Optimiser", "learning rate over the run: linear is constant for half of it, then falls to 0"
    )
    warmup: int = setting(0, "Optimiser", "steps over which the learning rate rises from 0", at_least=0)
    clip_gradient: float = setting(0.0, "Optimiser", "clip the gradient's norm to this; 0: no limit", at_least=0)
    ema: float = setting(
        0.999,
        "Stabilisers",
        "largest decay per step of the generator's moving average, which is what gets exported; lower early in a run",
        at_least=0,
        below=1,
    )
    seed: int = setting(0, "Run", "seed of weights, order, augmentation and dropout", at_least=0)

    precision: Literal["fp32", "bf16", "fp16"] = setting("fp32", "Run", "arithmetic of the forward pass")
    channels_last: bool = setting(True, "Run", "store tensors channels last, which makes convolutions faster")
    fast_kernels: bool = setting(
        True, "Run", "on a CPU, use faster convolutions, which differ only by rounding", free=True
    )
    fused: bool = setting(True, "Run", "one fused kernel per optimizer step")
    compile: bool = setting(False, "Run", "compile the networks with torch.compile: slow to start, faster afterwards")
    device: str = setting("auto", "Start here", "auto, cpu, cuda or cuda:N", free=True)
    workers: int = setting(2, "Run", "processes that decode and augment", free=True, at_least=0)
    cache: Literal["none", "ram"] = setting(
        "none", "Data", "ram: decode every picture once, before the first step, and keep it in memory", free=True
    )
    cache_mb: int = setting(
        0, "Data", "most MB that --cache ram takes; 0: half of the free memory", free=True, at_least=0
    )
    log_every: int = setting(50, "Run", "steps between lines of the log", free=True, at_least=1)
    sample_every: int = setting(500, "Run", "steps between validation grids; 0 draws none", free=True, at_least=0)
    save_every: int = setting(1000, "Run", "steps between checkpoints", free=True, at_least=1)
    keep: int = setting(3, "Run", "newest checkpoints to keep", free=True, at_least=1)
    tracker: Literal["tensorboard", "wandb", "aim", "mlflow"] = setting(
        "tensorboard",
        "Run",
        "where the curves go, beside OUT/metrics.jsonl; others than tensorboard: pip install",
        free=True,
    )
    on_alarm: Literal["warn", "stop", "rollback"] = setting(
        "warn",
        "Run",
        "when training goes wrong: only say so, stop, or go back to the newest checkpoint with half the learning rate",
        free=True,
    )
    alarm_patience: int = setting(
        10,
        "Run",
        "lines of the log for which a problem has to last before it raises an alarm",
        free=True,
        at_least=1,
    )

    eval_every: int = setting(
        0, "Evaluation", "steps between evaluations of the averaged generator; 0: none", free=True, at_least=0
    )
    eval_photos: Path | None = setting(
        None, "Evaluation", "folder of photos to translate for evaluations, not trained on", free=True
    )
    eval_real: Path | None = setting(
        None, "Evaluation", "folder of real pictures of the target domain, not trained on", free=True
    )
    eval_count: int = setting(100, "Evaluation", "pictures to use from each folder, at most", free=True, at_least=4)
    best_by: Literal["fid", "kid", "mmd_content", "mmd_texture", "precision", "recall", "density", "coverage"] = (
        setting("kid", "Evaluation", "metric by which the best checkpoint is kept in OUT/best", free=True)
    )
    eval_patience: int = setting(
        0,
        "Evaluation",
        "stop after this many evaluations in a row without improvement; 0: never",
        free=True,
        at_least=0,
    )

    objective: str = setting(
        "lsgan",
        "Objective",
        "adversarial objective: vanilla, minimax, lsgan, hinge, wgan, wgan-gp, kl, reverse-kl, pearson, hellinger, js, "
        "relativistic",
    )
    lambda_gan: float = weight(1.0, "weight of the adversarial term")
    n_critic: int = setting(1, "Stabilisers", "steps of the discriminator per step of the generator", at_least=1)
    clip_weights: float = setting(0.01, "Objective", "limit of the critic's weights (objective wgan)", above=0)
    lambda_gp: float = weight(10.0, "weight of the gradient penalty (objective wgan-gp)")
    lambda_r1: float = setting(0.0, "Stabilisers", "gamma of the R1 penalty (Mescheder 2018); 0: none", at_least=0)
    lambda_r2: float = setting(
        0.0, "Stabilisers", "gamma of the R2 penalty, R1 at translated pictures; 0: none", at_least=0
    )
    r1_every: int = setting(
        16, "Stabilisers", "steps from one R1 or R2 penalty to the next, each multiplied by this number", at_least=1
    )
    lambda_orthogonal: float = setting(
        0.0, "Stabilisers", "weight of the orthogonal regularisation (BigGAN)", at_least=0
    )
    lambda_features: float = setting(
        0.0, "Stabilisers", "weight of feature matching in the discriminator's layers", at_least=0
    )
    lambda_grid: float = setting(
        0.0, "Stabilisers", "weight of patterns that repeat every 4 pixels, a grid from upsampling", at_least=0
    )
    label_smoothing: float = setting(
        0.0,
        "Stabilisers",
        "amount taken off the discriminator's label for real pictures (vanilla, minimax, lsgan)",
        at_least=0,
        below=1,
    )
    instance_noise: float = setting(
        0.0, "Stabilisers", "standard deviation of noise on the discriminator's inputs, falling to 0", at_least=0
    )
    diff_augment: str = setting(
        "", "Stabilisers", "DiffAugment's operations, any of color,translation,cutout,zoom; for small folders"
    )
    ada_target: float = setting(
        0.0,
        "Stabilisers",
        "apply --diff-augment with a probability that keeps the discriminator's overfitting here (ADA: 0.6); 0: always",
        at_least=0,
        below=1,
    )
    # a generator that can tell where the border is would draw lines along it where it has nothing else to go by
    margin: int = setting(
        0, "Stabilisers", "pixels along the crop's borders that the discriminator does not see", at_least=0
    )
    merge_passes: bool = setting(
        True,
        "Run",
        "merge independent passes through one network into one batch, where that changes nothing",
    )

    @property
    def seen_side(self) -> int:
        """Side in pixels of what the discriminator sees of a crop."""
        return self.crop - 2 * self.margin

    def problems(self) -> list[str]:
        """What is wrong with the settings, one text each; empty when they can be used."""
        found = []
        if self.eval_every and (self.eval_real is None or (self.eval_photos is None and not self.from_noise)):
            photos = "" if self.from_noise else "<eval_photos> DIR and "
            found.append(f"<eval_every> {self.eval_every}: needs {photos}<eval_real> DIR")
        for spec in fields(self):
            problem = out_of_limits(getattr(self, spec.name), limits) if (limits := spec.metadata["limits"]) else None
            if problem is not None:
                found.append(f"<{spec.name}> {getattr(self, spec.name)}: {problem}")
        if not 0 < self.scale[0] <= self.scale[1]:
            found.append(f"<scale> {self.scale[0]:g} {self.scale[1]:g}: give the smallest, then the largest, above 0")
        if self.resize and self.resize < self.crop:
            found.append(f"<resize> {self.resize}: is smaller than <crop> {self.crop}")
        if self.ada_target and not self.diff_augment:
            found.append(f"<ada_target> {self.ada_target:g}: needs <diff_augment>, such as color,translation,cutout")
        if self.seen_side < 1:
            found.append(f"<margin> {self.margin}: leaves nothing of <crop> {self.crop}")
        return found

    def input_folder(self) -> Path | None:
        """The folder of the pictures to translate; None where they share a folder with their targets."""
        return None

    def samples_per_step(self, processes: int = 1) -> int:
        """The size of the global batch: the samples of one step, over all devices and accumulated parts."""
        return self.batch_size * self.accumulate * processes

    def total_steps(self, samples: int, processes: int = 1) -> int:
        """The number of steps of the run, for a data set of ``samples`` on ``processes`` devices."""
        return self.steps or self.epochs * max(1, samples // self.samples_per_step(processes))
