"""Captions by a GAN or by likelihood: what is rewarded, what is learnt, resuming, printing, refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image

from models.sequences import CaptionGenerator, counted
from tests.helpers.checkpoints import assert_same_checkpoint
from tests.helpers.command_line import RunCli
from tests.helpers.samplers import sampler_info, write_sampler
from tools.known.check_captions import allows, judged, word_distance, write
from translate.config import SequenceConfig
from translate.data.loader import Key
from translate.data.sentences import Words, load_sentences, read_texts
from translate.errors import UserError
from translate.media.images import load_rgb
from translate.media.sheet import GAP, LINE_HEIGHT
from translate.style.conditions import ConditionInfo
from translate.style.latents import noise
from translate.style.sampler import Sampler
from translate.train.invention import invented
from translate.train.loop import train
from translate.train.methods.sequence import Sequence, discounted
from translate.train.step import StepContext


@pytest.fixture(scope="module")
def captions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    table = tmp_path_factory.mktemp("captions") / "captions.csv"
    write(table, count=60, seed=0)
    return table


def config(captions: Path | None, out: Path, **changes: object) -> SequenceConfig:
    settings: dict[str, object] = {
        "captions": captions,
        "out": out,
        "generator_options": {"channels": 12, "embedding": 6, "z_dim": 4},
        "discriminator_options": {"channels": 8, "embedding": 6},
        "batch_size": 8,
        "steps": 4,
        "workers": 0,
        "sample_every": 0,
        "save_every": 2,
        "device": "cpu",
    }
    return SequenceConfig.from_dict(settings | changes)


def built(settings: SequenceConfig) -> tuple[Sequence, dict[str, torch.Tensor]]:
    torch.manual_seed(0)
    data = load_sentences(settings)
    method = Sequence.build(settings, Accelerator(cpu=True), data)
    tokens = torch.stack([data.training[Key(number, 0)]["tokens"] for number in range(settings.samples_per_step())])
    return method, {"tokens": tokens}


def context(method: Sequence) -> StepContext:
    own = method.config.samples_per_step()
    return StepContext(seed=0, step=0, progress=0.5, total=own, samples=range(own))


def test_words_become_numbers_and_text_again() -> None:
    words = Words.of(["A face, with red hair!", "a red face"])
    assert words.words == ["!", ",", "a", "face", "hair", "red", "with"]
    numbers = words.numbers("A red face, with hair!", 9)
    assert numbers.tolist() == [3, 6, 4, 2, 7, 5, 1, 0, 0]
    assert words.text(numbers.tolist()) == "a red face, with hair!"
    assert counted(torch.tensor([[3, 0, 0], [3, 4, 5]])).tolist() == [[1, 1, 0], [1, 1, 1]]


def test_words_are_rewarded_for_what_follows() -> None:
    returns = discounted(torch.tensor([[1.0, 0.0, 2.0, 0.0]]), 0.5)
    torch.testing.assert_close(returns, torch.tensor([[1.5, 1.0, 2.0, 0.0]]))


def test_samples_follow_the_probabilities_and_end_once() -> None:
    torch.manual_seed(0)
    generator = CaptionGenerator(words=5, length=6, channels=4, embedding=3, z_dim=2)
    z = torch.randn(1, 2).expand(4000, -1)
    tokens = generator.sample(z, torch.rand(4000, 6))
    expected = generator(z[:5], torch.arange(5)[:, None].expand(-1, 6))[:, 0].exp()  # of each first word
    found = torch.bincount(tokens[:, 0], minlength=5) / 4000
    torch.testing.assert_close(found, expected.detach(), atol=0.03, rtol=0)
    after_end = counted(tokens) == 0
    assert after_end.any() and (tokens[after_end] == 0).all()


def test_rewarded_words_become_more_probable(captions: Path, tmp_path: Path) -> None:
    method, batch = built(config(captions, tmp_path, lr=1e-2, discount=0.0))
    pictures = method.forward(batch, context(method))
    tokens = pictures["tokens"]
    method.bare("discriminator").forward = lambda tokens: torch.where(tokens % 2 == 0, 4.0, -4.0)
    before = pictures["log_probabilities"].detach()
    losses = method.generator_terms(batch, pictures, context(method)).losses
    losses["G/reinforce"].backward()
    method.optimizers["generator"].step()
    z = context(method).normal("z", 4)
    change = (method.bare("generator")(z, tokens).detach() - before)[counted(tokens) == 1]
    even = (tokens % 2 == 0)[counted(tokens) == 1]
    assert change[even].mean() > 0 > change[~even].mean()


def test_each_side_leaves_the_other_alone(captions: Path, tmp_path: Path) -> None:
    method, batch = built(config(captions, tmp_path))
    pictures = method.forward(batch, context(method))
    method.generator_terms(batch, pictures, context(method)).losses["G/reinforce"].backward()
    assert all(parameter.grad is None for parameter in method.bare("discriminator").parameters())
    assert all(parameter.grad is not None for parameter in method.bare("generator").parameters())
    detached = {name: tensor.detach() for name, tensor in pictures.items()}
    method.optimizers["generator"].zero_grad()
    method.discriminator_terms(batch, detached, context(method)).losses["D/loss"].backward()
    assert all(parameter.grad is None for parameter in method.bare("generator").parameters())
    assert all(parameter.grad is not None for parameter in method.bare("discriminator").parameters())


def test_samples_do_not_depend_on_how_the_batch_is_divided(captions: Path, tmp_path: Path) -> None:
    method, batch = built(config(captions, tmp_path))
    whole = method.forward(batch, context(method))["tokens"]
    parts = [method.forward(batch, part)["tokens"] for part in context(method).parts(4)]
    assert torch.equal(torch.cat(parts), whole)


def test_a_resumed_run_equals_one_without_a_stop(captions: Path, tmp_path: Path) -> None:
    train(config(captions, tmp_path / "whole"), quiet=True)
    train(config(captions, tmp_path / "stopped", steps=2), quiet=True)
    train(config(captions, tmp_path / "stopped", sample_every=4), quiet=True)
    last = "checkpoints/step-000000004"
    assert_same_checkpoint(tmp_path / "whole" / last, tmp_path / "stopped" / last)
    assert (tmp_path / "stopped" / "samples" / "step-000000004.png").is_file()
    assert '"val/memorised"' in (tmp_path / "stopped" / "metrics.jsonl").read_text()


@pytest.mark.slow
def test_likelihood_learns_the_grammar_and_prints(tmp_path: Path, run_cli: RunCli) -> None:
    table, out = tmp_path / "captions.csv", tmp_path / "run"
    lines = [f"{number}.png,a {'red' if number % 2 else 'blue'} face" for number in range(40)]
    table.write_text("\n".join(["file,text", *lines]))
    train(
        config(table, out, objective="likelihood", steps=80, lr=0.03, ema=0.9, schedule="linear", batch_size=16),
        quiet=True,
    )
    printed = run_cli("sample", out, "--invent", "-n", 100)
    assert printed.code == 0
    texts = printed.out.decode().splitlines()
    assert texts == invented(out, range(100))
    red, blue = texts.count("a red face"), texts.count("a blue face")
    assert red + blue > 90 and min(red, blue) > 30
    sampled = run_cli("sample", out, "-o", tmp_path / "x.png").err
    assert sampled.count("makes captions, not pictures; `translate sample` prints") == 1
    assert "makes captions" in run_cli("export", out, "-o", tmp_path / "x.onnx").err
    captions_become_pictures(out, texts[:3], tmp_path, run_cli)


def captions_become_pictures(run: Path, texts: list[str], folder: Path, run_cli: RunCli) -> None:
    words = ConditionInfo(kind="captions", shape=[3], names=["red", "blue", "face"], usual=[], pieces=["a"])
    flat = write_sampler(folder / "flat.onnx", info=sampler_info(condition=words.to_json()))
    options = ("--invent", "--pictures", flat, "-n", 3)
    assert run_cli("sample", run, *options, "-o", folder / "drawn").code == 0
    sampler = Sampler(flat, device="cpu")
    for seed, text in enumerate(texts):
        expected = sampler.conditioned(noise([seed], 3), words.row(text))[0]
        np.testing.assert_array_equal(load_rgb(folder / "drawn" / f"seed-00000{seed}.png"), expected)
    table = (folder / "drawn" / "captions.csv").read_text()
    assert table == "file,text\n" + "".join(f"seed-00000{seed}.png,{text}\n" for seed, text in enumerate(texts))
    assert run_cli("sample", run, *options, "-o", folder / "sheet.png").code == 0
    with Image.open(folder / "sheet.png") as sheet:
        assert sheet.size == (2 * 192 + 3 * GAP, 2 * (8 + LINE_HEIGHT) + 3 * GAP)  # a picture above each caption
    strange = write_sampler(
        folder / "strange.onnx", info=sampler_info(condition=replace(words, names=["hat"], pieces=[]).to_json())
    )
    refused = {
        (run, "--invent", "--pictures", strange, "-o", folder / "x.png"): f"knows no word of '{texts[0]}'",
        (run, "--invent", "--pictures", flat, "-o", folder / "x.gif"): "give --output, a folder or a name that ends in",
        (
            run,
            "--invent",
            "--pictures",
            write_sampler(folder / "plain.onnx"),
            "-o",
            folder / "x.png",
        ): "takes no condition",
        (run, "--invent", "-o", folder / "x.png"): "captions are printed; draw them with --pictures",
        (flat, "--pictures", flat, "-o", folder / "x.png"): "draws the captions of --invent; give both",
    }
    for arguments, problem in refused.items():
        done = run_cli("sample", *arguments)
        assert done.code == 2 and problem in done.err and len(done.err.splitlines()) == 1, done.err


def test_what_does_not_suit_is_refused(captions: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"sequence knows vanilla, likelihood; generator unet: sequence has only recur"):
        config(captions, tmp_path, objective="hinge", generator="unet")
    with pytest.raises(UserError, match="give captions TABLE"):
        config(None, tmp_path)
    with pytest.raises(UserError, match=r"generator_options.*unexpected keyword"):
        built(config(captions, tmp_path, generator_options={"width": 3}))
    for text, problem in (("file,words\na.png,b\n", "no column 'text'"), ("file,text\na.png,\n", "line 2: the text")):
        (tmp_path / "bad.csv").write_text(text)
        with pytest.raises(UserError, match=problem):
            read_texts(tmp_path / "bad.csv")


def test_the_grammar_allows_its_own_captions_and_no_others(captions: Path) -> None:
    texts = read_texts(captions)
    assert all(map(allows, texts))
    for wrong in ("a face", "long red hair, long red hair", "a smile, red hair", "a smile, long red hair, glasses", ""):
        assert not allows(wrong)
    allowed, distinct, memorised, distance = judged(texts, texts)
    assert (allowed, memorised, distance) == (1, 1, 0) and 0.5 < distinct <= 1
    assert word_distance(["a b"], ["c d"]) == 1
