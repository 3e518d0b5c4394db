"""What a step is to do, as pure functions of its number."""

import math
import random

from dictation.training.config import ChunkTable, ScheduleTable


def learning_factor(step: int, schedule: ScheduleTable, begin: int) -> float:
    """Return what a learning rate is multiplied by: nothing before step `begin`, a linear warm-up
    from there, and a cosine over the whole run down to a twentieth."""
    if step < begin:
        return 0.0
    rising = min(1.0, (step - begin + 1) / schedule.warm_up)
    falling = 0.05 + 0.95 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, step / schedule.steps)))
    return rising * falling


def draw_chunk(step: int, seed: int, chunks: ChunkTable) -> tuple[int | None, int]:
    """Return the chunk size and left context of a step, the same for the same step and seed."""
    rng = random.Random(seed * 1_000_003 + step)
    if rng.random() < chunks.full_context:
        return None, -1
    return rng.choice(chunks.sizes), rng.choice(chunks.left_context)
