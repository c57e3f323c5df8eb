"""A small network for eight by eight images of digits, in numpy; the one file that may change.

    python train.py              reads train.npz beside it, writes model.npz into the folder where it runs
    python train.py --predict    reads inputs.npz beside it and model.npz, writes predictions.txt, one label a line

The seed is in the environment variable SEED. Plain on purpose: one hidden layer, no copies of the images, a fixed rate.
"""

import os
import sys
from pathlib import Path

import numpy as np

WIDTH = 32  # search: 8 to 256; hidden units
LEARNING_RATE = 0.1  # search: log scale, 0.01 to 1.0
PASSES = 20  # search: 5 to 200; times that every image is seen
BATCH_SIZE = 32  # search: 8 to 256
WEIGHT_DECAY = 0.0  # search: 0.0 to 0.01

HERE = Path(__file__).parent


def features(images):
    return images.astype(np.float64) / 16.0


def scores(model, x):
    hidden = np.maximum(x @ model["w1"] + model["b1"], 0.0)
    return hidden, hidden @ model["w2"] + model["b2"]


def train():
    rng = np.random.default_rng(int(os.environ["SEED"]))
    with np.load(HERE / "train.npz") as data:
        x, labels = features(data["images"]), data["labels"]
    model = {
        "w1": rng.normal(0, (2 / 64) ** 0.5, (64, WIDTH)),
        "b1": np.zeros(WIDTH),
        "w2": rng.normal(0, (1 / WIDTH) ** 0.5, (WIDTH, 10)),
        "b2": np.zeros(10),
    }
    for _ in range(PASSES):
        order = rng.permutation(len(x))
        for at in range(0, len(x), BATCH_SIZE):
            batch = order[at : at + BATCH_SIZE]
            hidden, out = scores(model, x[batch])
            p = np.exp(out - out.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            p[np.arange(len(batch)), labels[batch]] -= 1
            p /= len(batch)
            back = (p @ model["w2"].T) * (hidden > 0)
            slopes = {"w2": hidden.T @ p, "b2": p.sum(0), "w1": x[batch].T @ back, "b1": back.sum(0)}
            for name, slope in slopes.items():
                model[name] -= LEARNING_RATE * (slope + WEIGHT_DECAY * model[name])
    np.savez("model.npz", **model)


def predict():
    with np.load(HERE / "inputs.npz") as data, np.load(HERE / "model.npz") as model:
        found = scores(model, features(data["images"]))[1].argmax(1)
    Path("predictions.txt").write_text("".join(f"{label}\n" for label in found))


if __name__ == "__main__":
    predict() if "--predict" in sys.argv else train()
