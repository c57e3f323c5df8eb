"""Prints the metric: milliseconds of CPU time for a text of 300,000 characters, the best of seven."""

import os
import random
import time

draw = random.Random(int(os.environ.get("RESEARCHCLAW_SEED", "1")))
text = " ".join("".join(draw.choices("abcdefgh", k=draw.randint(1, 9))) for _ in range(50_000))

import words  # noqa: E402 (the candidate is loaded after the exam is written)

best = float("inf")
for _ in range(7):
    began = time.process_time()
    words.counted(text)
    best = min(best, time.process_time() - began)
print(f"METRIC ms={best * 1000:.4f}")
