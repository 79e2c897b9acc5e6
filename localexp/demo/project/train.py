"""Train a softmax regression on the Iris data by gradient descent, tracked by localexp."""

import argparse
import json
import math
import os

from data import FEATURES, SPECIES, Flower, load, measure_scale, split, standardise

from localexp import Run


class Model:
    """A linear score for each species; the softmax of the scores gives the probabilities."""

    def __init__(self) -> None:
        self.weights = [[0.0] * len(FEATURES) for _ in SPECIES]
        self.biases = [0.0] * len(SPECIES)

    def predict(self, flower: Flower) -> list[float]:
        scores = [
            bias + sum(weight * value for weight, value in zip(weights, flower.features, strict=True))
            for bias, weights in zip(self.biases, self.weights, strict=True)
        ]
        powers = [math.exp(score - max(scores)) for score in scores]  # less the highest, against overflow
        return [power / sum(powers) for power in powers]

    def descend(self, flowers: list[Flower], learning_rate: float) -> None:
        """Take one step down the gradient of the mean cross-entropy."""
        step = learning_rate / len(flowers)
        predictions = [(flower, self.predict(flower)) for flower in flowers]
        for flower, probabilities in predictions:
            for species, probability in enumerate(probabilities):
                error = probability - (1.0 if species == flower.species else 0.0)
                self.biases[species] -= step * error
                for feature, value in enumerate(flower.features):
                    self.weights[species][feature] -= step * error * value

    def evaluate(self, flowers: list[Flower]) -> tuple[float, float]:
        """Return the mean cross-entropy and the accuracy."""
        pairs = [(flower.species, self.predict(flower)) for flower in flowers]
        losses = [-math.log(max(probabilities[species], 1e-12)) for species, probabilities in pairs]
        hits = [probabilities.index(max(probabilities)) == species for species, probabilities in pairs]
        return sum(losses) / len(flowers), sum(hits) / len(flowers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=3, help="decides which flowers are held out for testing")
    args = parser.parse_args()

    run = Run.get_context()
    run.tag("model", "softmax-regression")

    train, test = split(load(), test_share=0.3, seed=args.seed)
    scale = measure_scale(train)
    train = [standardise(flower, scale) for flower in train]
    test = [standardise(flower, scale) for flower in test]

    model = Model()
    for epoch in range(1, args.epochs + 1):
        model.descend(train, args.learning_rate)
        if epoch % 20 == 0 or epoch == args.epochs:
            loss, accuracy = model.evaluate(test)
            run.log("loss", loss, step=epoch)
            run.log("accuracy", accuracy, step=epoch)
            if epoch % 100 == 0 or epoch == args.epochs:
                print(f"epoch {epoch:4}: loss {loss:.3f}, accuracy {accuracy:.3f}")

    os.makedirs("outputs", exist_ok=True)
    with open("outputs/model.json", "w", encoding="utf-8") as file:
        parameters = {"scale": scale, "weights": model.weights, "biases": model.biases}
        json.dump({"features": FEATURES, "classes": SPECIES, **parameters}, file, indent=2)


if __name__ == "__main__":
    main()
