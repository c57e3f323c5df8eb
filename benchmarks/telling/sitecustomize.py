"""Makes the prompts of `python -m researchclaw` known to the benchmark's server; the program itself is not changed.

A server that sees a text alone cannot know its facts, and a stand-in for a model works by rules on facts. Found by Python at
start because this folder is on its path (`thinker_server.told_by`).
"""

import json
import os
import sys
import urllib.request

if sys.orig_argv[1:3] == ["-m", "researchclaw"]:
    from researchclaw.prompts import Prompts
    from stages.ports import Question

    render = Prompts.text

    def told(prompts: Prompts, question: Question) -> str:
        text = render(prompts, question)
        kind = type(question)
        body = {"text": text, "module": kind.__module__, "name": kind.__name__, "question": question.model_dump_json()}
        request = urllib.request.Request(os.environ["RESEARCHCLAW_BENCHMARK_LEARNS"], json.dumps(body).encode())
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).close()
        return text

    Prompts.text = told  # type: ignore[method-assign]
