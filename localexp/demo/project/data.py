"""The Iris data: four measurements of 150 flowers, in centimetres, and the species of each."""

import csv
import random
from pathlib import Path
from statistics import fmean, pstdev
from typing import NamedTuple

FEATURES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
SPECIES = ["setosa", "versicolor", "virginica"]


class Flower(NamedTuple):
    features: list[float]
    species: int  # its place in SPECIES


def load() -> list[Flower]:
    with Path(__file__).with_name("iris.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [Flower([float(row[name]) for name in FEATURES], SPECIES.index(row["species"])) for row in rows]


def split(flowers: list[Flower], test_share: float, seed: int) -> tuple[list[Flower], list[Flower]]:
    """Deal the flowers out at random, so that every species has the same share in the test set."""
    shuffled = random.Random(seed).sample(flowers, len(flowers))
    train, test = [], []
    for species in range(len(SPECIES)):
        group = [flower for flower in shuffled if flower.species == species]
        cut = round(test_share * len(group))
        test.extend(group[:cut])
        train.extend(group[cut:])
    return train, test


def measure_scale(flowers: list[Flower]) -> list[tuple[float, float]]:
    """Return the mean and the standard deviation of each feature."""
    columns = zip(*(flower.features for flower in flowers), strict=True)
    return [(fmean(column), pstdev(column)) for column in columns]


def standardise(flower: Flower, scale: list[tuple[float, float]]) -> Flower:
    """Measure each feature from its mean, in standard deviations."""
    pairs = zip(flower.features, scale, strict=True)
    return Flower([(value - mean) / deviation for value, (mean, deviation) in pairs], flower.species)
