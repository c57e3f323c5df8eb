"""The improvement loop: a number, a scope, many small attempts, and a record that can be checked.

contracts.py   the nouns: plan, score, attempt, lesson, and the events of a run
keep_rule.py   when a gain counts (pure)
escalation.py  what to do when nothing is kept (pure)
history.py     what is known at this moment, computed from the events alone
repository.py  git as memory: commits made by plumbing, so that no file of the user is touched
door.py        what a change may touch
scorers.py     the number: by the user's command or by a kit, always in the sandbox
proposers/     who thinks of the next change
engine.py      calibrate, propose, judge, keep or reset, until a reason to stop
store.py       the run's folder, its lock, and the views derived from its log
"""
