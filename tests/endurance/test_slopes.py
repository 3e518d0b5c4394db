"""A slope is found through noise and offsets, and told with how sure it is."""

import random

import pytest

from tests.endurance.slopes import Point, averaged, slope


def noisy(growth: float, group: str, offset: float, seed: int, hours: float = 2.0) -> list[Point]:
    draw = random.Random(seed)
    times = [hours * number / 200 for number in range(200)]
    return [Point(group, at, offset + growth * at + draw.gauss(0.0, 1.0)) for at in times]


def test_growth_is_found_although_every_group_starts_elsewhere():
    points = [*noisy(3.0, "a", 100.0, 1), *noisy(3.0, "b", -500.0, 2)]
    found = slope(points)
    assert found.low < 3.0 < found.high
    assert found.low > 2.0


def test_noise_alone_is_no_growth():
    found = slope([*noisy(0.0, "a", 900.0, 3), *noisy(0.0, "b", 950.0, 4)])
    assert found.low < 0.0 < found.high


def test_groups_that_come_later_and_lie_higher_are_no_growth():
    late = [Point("late", point.hour + 5.0, point.value) for point in noisy(0.0, "b", 50.0, 5)]
    found = slope([*noisy(0.0, "early", 0.0, 6), *late])
    assert found.low < 0.0 < found.high


def test_blocks_are_means_of_each_group():
    points = [
        Point("a", 0.1, 1.0),
        Point("a", 0.3, 3.0),
        Point("a", 0.7, 9.0),
        Point("b", 0.2, 5.0),
    ]
    means = averaged(points, 0.5)
    assert [(each.group, each.value) for each in means] == [("a", 2.0), ("a", 9.0), ("b", 5.0)]
    assert [each.hour for each in means] == pytest.approx([0.2, 0.7, 0.2])


@pytest.mark.parametrize(
    "points",
    [[], [Point("a", 0.0, 1.0)], [Point("a", 0.0, 1.0), Point("b", 1.0, 2.0)]],
    ids=["none", "one", "one of each group"],
)
def test_of_too_few_points_nothing_is_said(points):
    assert slope(points) is None
