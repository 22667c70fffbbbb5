from pathlib import Path

import pytest
import torch
from torch import Tensor

from translate.train.image_pool import ImagePool, merged

TOTAL = 4
HALVES = (range(2), range(2, 4))


def stream(steps: int, total: int) -> Tensor:
    """Global batches [steps, total, 1, 1, 1], every picture another number."""
    return torch.arange(steps * total, dtype=torch.float32).view(steps, total, 1, 1, 1)


def shown(pool: ImagePool, batches: Tensor, slots: range, *, first_step: int = 0) -> Tensor:
    """What the pool shows for the part ``slots`` of each global batch: [steps, N]."""
    parts = batches[:, slots.start : slots.stop]
    return torch.stack(
        [pool.exchange(part, step=step, slots=slots).flatten() for step, part in enumerate(parts, first_step)]
    )


def test_pictures_pass_while_there_is_room_then_half_are_swapped() -> None:
    new = torch.arange(2010.0)
    seen = shown(ImagePool(10, slots=1, seed=0), stream(2010, 1), range(1)).flatten()
    assert torch.equal(seen[:10], new[:10])
    old = seen[10:] < new[10:]
    assert 0.45 < old.float().mean() < 0.55
    assert (seen <= new).all()
    stored = seen[10:][old]
    assert len(stored.unique()) == len(stored)  # one that was swapped out is gone
    # every other step swaps one place of 10: a picture waits 20 steps on average
    assert 15 < (new - seen)[10:][old].mean() < 25


def test_size_0_keeps_nothing() -> None:
    pool = ImagePool(0, slots=2, seed=0)
    batches = stream(20, 2)
    assert torch.equal(shown(pool, batches, range(2)), batches.flatten(1))
    assert pool.state_dict() == {}


@pytest.mark.parametrize(("size", "total", "capacity"), [(50, 1, 50), (50, 4, 12), (3, 8, 1)])
def test_the_size_is_divided_among_the_slots(size: int, total: int, capacity: int) -> None:
    pool = ImagePool(size, slots=total, seed=0)
    shown(pool, stream(60, total), range(total))
    assert [len(slot["images"]) for slot in pool.state_dict().values()] == [capacity] * total


def test_one_process_and_two_and_accumulated_parts_see_the_same() -> None:
    batches = stream(40, TOTAL)
    whole = shown(ImagePool(12, slots=TOTAL, seed=7), batches, range(TOTAL))
    halves = [shown(ImagePool(12, slots=TOTAL, seed=7), batches, part) for part in HALVES]
    assert torch.equal(torch.cat(halves, dim=1), whole)
    accumulating = ImagePool(12, slots=TOTAL, seed=7)
    steps = [
        [accumulating.exchange(batch[i : i + 1], step=step, slots=range(i, i + 1)) for i in range(TOTAL)]
        for step, batch in enumerate(batches)
    ]
    assert torch.equal(torch.stack([torch.cat(parts).flatten() for parts in steps]), whole)


def test_slots_and_seeds_differ_in_their_decisions() -> None:
    batches = stream(40, 2)
    one, other = (shown(ImagePool(4, slots=2, seed=seed), batches, range(2)) for seed in (0, 1))
    swapped = one < batches.flatten(1)
    assert not torch.equal(one, other)
    assert not torch.equal(swapped[:, 0], swapped[:, 1])


def test_resume_from_the_merged_states_of_two_processes_is_exact(tmp_path: Path) -> None:
    """Twice: the second time each process has a stale copy of the other's slots, too."""
    batches = stream(90, TOTAL)
    uninterrupted = shown(ImagePool(12, slots=TOTAL, seed=3), batches, range(TOTAL))
    pools = [ImagePool(12, slots=TOTAL, seed=3) for _ in HALVES]
    for first in (0, 30, 60):
        for pool, part in zip(pools, HALVES, strict=True):
            seen = shown(pool, batches[first : first + 30], part, first_step=first)
            assert torch.equal(seen, uninterrupted[first : first + 30, part.start : part.stop])
        file = tmp_path / f"{first}.pt"
        torch.save(merged(pool.state_dict() for pool in pools), file)
        for pool in pools:
            pool.load_state_dict(torch.load(file, weights_only=True))


def test_a_run_of_two_processes_goes_on_in_one() -> None:
    batches = stream(60, TOTAL)
    uninterrupted = shown(ImagePool(12, slots=TOTAL, seed=3), batches, range(TOTAL))
    pools = [ImagePool(12, slots=TOTAL, seed=3) for _ in HALVES]
    for pool, part in zip(pools, HALVES, strict=True):
        shown(pool, batches[:30], part)
    one = ImagePool(12, slots=TOTAL, seed=3)
    one.load_state_dict(merged(pool.state_dict() for pool in pools))
    assert torch.equal(shown(one, batches[30:], range(TOTAL), first_step=30), uninterrupted[30:])


def test_a_state_does_not_change_with_the_pool_it_came_from() -> None:
    pool = ImagePool(2, slots=1, seed=0)
    shown(pool, stream(5, 1), range(1))
    state = pool.state_dict()
    kept = [image.clone() for image in state[0]["images"]]
    shown(pool, stream(50, 1), range(1))
    assert state[0]["step"] == 4
    assert all(torch.equal(a, b) for a, b in zip(state[0]["images"], kept, strict=True))


def test_a_smaller_pool_takes_what_it_has_room_for() -> None:
    pool, smaller = (ImagePool(size, slots=1, seed=0) for size in (8, 3))
    shown(pool, stream(20, 1), range(1))
    smaller.load_state_dict(pool.state_dict())
    assert len(smaller.state_dict()[0]["images"]) == 3


def test_pictures_are_copies_without_gradient() -> None:
    pool = ImagePool(1, slots=1, seed=0)
    image = torch.zeros(1, 3, 2, 2, requires_grad=True)
    assert not pool.exchange(image, step=0, slots=range(1)).requires_grad
    with torch.no_grad():
        image.fill_(9)
    assert pool.state_dict()[0]["images"][0].abs().max() == 0


def test_a_batch_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        ImagePool(4, slots=2, seed=0).exchange(torch.zeros(1, 3, 2, 2), step=0, slots=range(2))
