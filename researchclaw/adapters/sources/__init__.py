"""Literature sources over HTTP: one thin client per source on one HTTP layer, one cache and one set of rate limits.

The clients are our own because the usual libraries blur an outage with an absent work: semanticscholar 0.12 turns 401, 502
and 503 into an empty paper, arxiv 4.0 turns the text `Rate exceeded.` into an empty list, and pyalex 0.21 has its host
written into the code, no time limit, and one kind of 429 for a second's throttling and a spent day's budget (measured
2026-11). Here each answer is one of `Found`, `Absent` (a definite no) and `Failed`.
"""
