"""A raw sentence against a study's results: which stored value each of its numbers is, and whether its words agree with them.

A sentence that somebody typed with bare numbers passes when every number can be replaced by a reference to one stored or
derived value (condition, metric, statistic, unit and sign all fit what the sentence says) and every comparing word agrees
with the recorded direction. What cannot be bound is refused: the default is no.

How it reads: `reading` takes the sentence apart; `roles` with `cues` says what each number is; `binder` looks for its value (whose it is:
`owners`; of which metric: `measured`; which statistic: `statistics_said`; the values: `levels`, `changes`, `tested`, `counts`, `settings`,
`derived`; other readings: `alternatives`). Then the words: `strangers` and `subjects` (what the study does not hold), `directions`, `superlatives`,
`factors`, `extremes`, `quantified`, `significance`, `claims`. `check.judge` asks them in this order.
"""
