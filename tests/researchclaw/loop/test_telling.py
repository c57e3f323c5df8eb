"""What a stranger's patch says reaches commits, tables and pages without what would steer a terminal."""

import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from researchclaw.loop import lessons
from researchclaw.loop.proposers.by_person import PersonProposer
from researchclaw.loop.telling import html

STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]")
PATCH = """\
safe \x1b[2J\x1b]0;owned\x07\u202edesrever\u2028verdict ok\x9b31m
--- a/train.py
+++ b/train.py
@@ -1,4 +1,4 @@
-LEARNING_RATE = 0.001  # search: log scale, 0.0001 to 0.1
+LEARNING_RATE = 0.01  # \x1b[31m
 BATCH_SIZE = 32  # search: 2 to 64
 TABLES = 0  # search: 0, 1, 2
 INERT = 1.0  # search: 0.0 to 10.0
"""


def test_a_patch_steers_no_terminal(toy: ModuleType, tmp_path: Path) -> None:
    run, repository = toy.begun(tmp_path, toy.plan(propose=(PATCH,)))
    history = toy.worked(run, toy.FormulaScorer(repository, repeatable=True), PersonProposer()).history
    (attempt,) = history.attempts
    assert attempt.commit is not None, attempt.reason
    message = repository.run("log", "-1", "--format=%B", attempt.commit).decode()
    assert message.startswith("experiment 1: safe desrever verdict ok31m\n\noperator: person 1")
    lessons.remember(run.folder.parent, history, datetime.now(UTC))
    page = html(history, run.run_id, {1: repository.patch(attempt.parent, attempt.commit)})
    assert "+LEARNING_RATE = 0.01  # \n" in page
    for text in (message, page, *((run.folder / name).read_text() for name in ("results.tsv", "attempts.tsv"))):
        assert not STEERING.search(text), ascii(STEERING.search(text))
        assert "desrever" in text
