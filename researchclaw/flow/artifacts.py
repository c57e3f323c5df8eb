"""What a person sees of a run in Prefect's UI beside its stages: goal, shortlist, plan, results, paper."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from researchclaw.engine import Engine
from stages.contracts import Analysis, Contract, Deliverables, ExperimentPlan, Goal, Results, Shortlist
from stages.stage import Stage

logger = logging.getLogger(__name__)


@contextmanager
def _shown_or_said(stage: Stage) -> Iterator[None]:
    """A server that gives no answer costs the view of an output, not the stage that made it."""
    import httpx
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        yield
    except (httpx.HTTPError, PrefectHTTPStatusError) as exc:
        logger.warning("stage %s is not shown in Prefect's UI: %s", stage.task_name, exc)


@dataclass(frozen=True)
class Artifacts:
    """Puts the main outputs into Prefect's UI. A watcher: the run depends on none of it."""

    engine: Engine

    def output(self, stage: Stage, output: Contract) -> None:
        with _shown_or_said(stage):
            self._output(output)

    def question(self, stage: Stage, body: str) -> None:
        with _shown_or_said(stage):
            self._markdown(f"gate-{stage.number:02d}-question", body, f"What is asked at gate {stage.number}")

    def _output(self, output: Contract) -> None:
        if isinstance(output, Goal):
            self._markdown("goal", goal_text(output), "What the study wants to know")
        elif isinstance(output, Shortlist):
            self._table("shortlist", shortlist_rows(output), "What may be cited, and why")
        elif isinstance(output, ExperimentPlan):
            self._markdown("plan", plan_text(output), "What will be run, frozen before the first run")
        elif isinstance(output, Analysis):
            self._table("results", result_rows(output.results), "Every condition over its seeds")
        elif isinstance(output, Deliverables):
            folder = self.engine.store.deliverables
            self._markdown("deliverables", deliverables_text(output, folder), "The paper and its figures")
            self._paper(output, folder)

    @staticmethod
    def _paper(output: Deliverables, folder: Path) -> None:
        from prefect.artifacts import create_image_artifact, create_link_artifact

        names = [file.path for file in output.files]
        for name in ("report.html", "paper.pdf"):
            if name in names:
                create_link_artifact(
                    link=(folder / name).as_uri(), key=name.replace(".", "-"), link_text=name, description=str(folder)
                )
        picture = next((name for name in names if name.startswith("charts/") and name.endswith(".png")), None)
        if picture is not None:  # as a data URI: a page that came by http may not show files
            data = base64.b64encode((folder / picture).read_bytes()).decode()
            create_image_artifact(image_url=f"data:image/png;base64,{data}", key="first-chart", description=picture)

    def _markdown(self, key: str, text: str, description: str) -> None:
        from prefect.artifacts import create_markdown_artifact

        create_markdown_artifact(markdown=text, key=key, description=description)

    def _table(self, key: str, rows: list[dict[str, Any]], description: str) -> None:
        from prefect.artifacts import create_table_artifact

        create_table_artifact(table=rows, key=key, description=description)


def goal_text(goal: Goal) -> str:
    choices = "\n".join(f"- {choice}" for choice in goal.choices)
    return f"# {goal.question}\n\n**Topic:** {goal.topic}\n\n**Counts as success:** {goal.success_criterion}\n\n{choices}\n"


def shortlist_rows(shortlist: Shortlist) -> list[dict[str, Any]]:
    works = {work.key: work for work in shortlist.works}
    return [
        {
            "key": decision.key,
            "in": "yes" if decision.included else "no",
            "title": works[decision.key].title if decision.key in works else "",
            "year": works[decision.key].year if decision.key in works else "",
            "reason": decision.reason,
        }
        for decision in shortlist.decisions
    ]


def plan_text(plan: ExperimentPlan) -> str:
    rows = "\n".join(
        f"| {c.id} | {c.role} | {c.label} | {', '.join(f'{k}={v}' for k, v in c.settings.items())} |" for c in plan.conditions
    )
    analysis = "\n".join(f"- {sentence}" for sentence in plan.analysis)
    return (
        f"Kit `{plan.kit}`, metric {plan.metric.label}, {len(plan.conditions)} conditions × {len(plan.seeds)} seeds × "
        f"{plan.budget_s:g} s\n\n| condition | role | what | settings |\n|---|---|---|---|\n{rows}\n\n{analysis}\n\n"
        f"Registration `{plan.registration_sha256}`\n"
    )


def result_rows(results: Results) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, condition in results.conditions.items():
        summary = condition.metrics.get(results.metric.name)
        if summary is not None:
            rows.append(
                {
                    "condition": name,
                    "role": condition.role,
                    "what": condition.label,
                    "n": summary.n,
                    f"mean {results.metric.unit}": summary.mean,
                    "sd": summary.std,
                    "failed": condition.failed,
                }
            )
    return rows


def deliverables_text(deliverables: Deliverables, folder: Path) -> str:
    """Links to the paper, its figures and its records; the training runs' many files are only counted."""
    shown = [file for file in deliverables.files if "/" not in file.path or file.path.startswith("charts/")]
    lines = [f"- [{file.path}]({(folder / file.path).as_uri()}) ({file.bytes} bytes)" for file in shown]
    more = f"\nand {len(deliverables.files) - len(shown)} files of code and training runs\n"
    return f"{deliverables.pages} pages, typeset by {deliverables.typeset_by}\n\n" + "\n".join(lines) + "\n" + more
