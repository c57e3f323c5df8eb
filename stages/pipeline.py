"""The 23 stages, in order. Number, phase, task name and folder are derived; inputs are found by type upstream."""

from stages.a_scoping import problem_decompose, topic_init
from stages.b_literature import knowledge_extract, literature_collect, literature_screen, search_strategy
from stages.c_synthesis import hypothesis_gen, synthesis
from stages.d_design import code_generation, experiment_design, resource_planning
from stages.e_execution import experiment_run, iterative_refine
from stages.f_analysis import research_decision, result_analysis
from stages.g_writing import paper_draft, paper_outline, paper_revision, peer_review
from stages.h_finalization import citation_verify, export_publish, knowledge_archive, quality_gate
from stages.stage import Stage, pipeline, step

PIPELINE: tuple[Stage, ...] = pipeline(
    # A scoping
    step(topic_init),
    step(problem_decompose),
    # B literature
    step(search_strategy),
    step(literature_collect),
    step(literature_screen, gate=True),
    step(knowledge_extract),
    # C synthesis
    step(synthesis),
    step(hypothesis_gen),
    # D design
    step(experiment_design, gate=True),
    step(code_generation),
    step(resource_planning),
    # E execution
    step(experiment_run),
    step(iterative_refine),
    # F analysis
    step(result_analysis),
    step(research_decision),
    # G writing
    step(paper_outline),
    step(paper_draft),
    step(peer_review),
    step(paper_revision),
    # H finalization
    step(quality_gate, gate=True),
    step(knowledge_archive),
    step(export_publish),
    step(citation_verify),
)
