"""Which adapter stands behind which port: chosen here, once, from the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from researchclaw import hardware
from researchclaw.journal import Journal, sha256_of_text
from researchclaw.program_version import program
from researchclaw.run_store import RunStore
from researchclaw.settings import STYLES, Settings
from researchclaw.shipped import shipped
from stages.contracts import Brief, Guidance, Lesson, Schedule
from stages.errors import SettingsError

if TYPE_CHECKING:
    from researchclaw.adapters.isolation.job import Isolation
    from researchclaw.adapters.isolation.limits import Limits
    from researchclaw.adapters.laboratory import LocalLaboratory
    from researchclaw.adapters.pdf_folder import PdfFolder
    from researchclaw.adapters.sources.library import LiveLibrary
    from researchclaw.adapters.user_library import OfflineLibrary
    from researchclaw.replay import World
    from stages.ports import Context, Laboratory, LanguageModel

STATE = ".state"
"""Below the output folder: prepared data and step costs, shared by the runs of a project."""


LITERATURE_CACHE = "literature.sqlite"
"""Below the state folder: what live sources said, for searches and look-ups of all runs of a project."""

PDF_TEXTS = "pdf_texts"
"""Below the state folder: text extracted from PDFs, by the hash of the PDF."""

SEARCHED_SOURCES = ("openalex", "semantic_scholar", "arxiv")
LIVE_SOURCES = ("openalex", "semantic_scholar", "arxiv", "crossref", "datacite")


def state_folder(settings: Settings) -> Path:
    """Where what is measured once per machine is kept."""
    return settings.output / STATE


def state_around(settings: Settings, folder: Path) -> Path:
    """The state of the project that `folder` lies in a run of, so that a recorded command leaves nothing in the run's files.

    Outside of a run: the state folder of the settings.
    """
    for place in (folder, *folder.parents):
        if (place / "run.json").is_file():
            return place.parent / STATE
    return state_folder(settings)


def isolation_of(settings: Settings, state: Path) -> Isolation:
    """The isolation of the settings, proved.

    state: folder for what it keeps.
    Raises:
        SandboxUnavailable: this machine offers none that the settings accept.
    """
    from researchclaw.adapters.isolation.choice import choose_isolation

    sandbox = settings.sandbox
    return choose_isolation(state, allow_weaker=sandbox.allow_weaker, backend=sandbox.backend, image=sandbox.image, gpus=sandbox.gpu)


def limits_of(settings: Settings) -> Limits:
    """What a guest may use."""
    from researchclaw.adapters.isolation.limits import Limits

    sandbox = settings.sandbox
    return Limits(memory_mb=sandbox.memory_mb, scratch_mb=sandbox.disk_mb, processes=sandbox.processes)


def laboratory(settings: Settings, run_folder: Path, journal: Journal | None = None) -> LocalLaboratory:
    """The laboratory of the settings; with a journal, each run is written down as it ends.

    Raises:
        SandboxUnavailable: this machine offers no isolation that the settings accept.
    """
    from researchclaw.adapters.journalled import keep_run
    from researchclaw.adapters.laboratory import LocalLaboratory

    state = state_folder(settings)
    return LocalLaboratory(
        kits_root=shipped("sandbox") / "kits",
        state=state,
        run_folder=run_folder,
        isolation=isolation_of(settings, state),
        workers=settings.experiment.workers,
        limits=limits_of(settings),
        corpus=settings.experiment.corpus,
        keep_weights=settings.experiment.keep_weights,
        on_record=keep_run(journal) if journal else None,
    )


def pool_laboratory(settings: Settings, local: LocalLaboratory, study: str, journal: Journal) -> Laboratory:
    """The laboratory of `experiment.executor: workpool`; it needs the project's own server, which keeps the files too.

    Raises:
        SettingsError: no server of a project is up.
    """
    import os

    from researchclaw import server
    from researchclaw.adapters.journalled import keep_run

    reached = server.lasting(settings.output, settings.flow.server_url)
    if reached is None:
        raise SettingsError(server.NEEDED)
    secret = os.environ.get(server.AUTH) or os.environ.get("PREFECT_API_AUTH_STRING")
    with server.importing_prefect(settings.output, f"{reached}/api", secret):
        from researchclaw.flow.pool import PoolLaboratory, PoolSettings
    isolation = isolation_of(settings, state_folder(settings))
    experiment = settings.experiment
    return PoolLaboratory(
        local,
        PoolSettings(
            name=experiment.pool,
            server_url=reached,
            secret=secret,
            limit=experiment.pool_limit,
            lost_s=experiment.worker_lost_sec,
            no_worker_s=experiment.worker_wait_sec,
        ),
        study=study,
        weaker_isolation=not isolation.name.startswith("bubblewrap"),
        workers=experiment.workers,
        on_record=keep_run(journal),
    )


def source_names(settings: Settings) -> tuple[str, ...]:
    """Whom a search of these settings asks, without asking: `library(settings).sources`."""
    from researchclaw.adapters.catalogue import SOURCE

    literature = settings.literature
    live = () if literature.mode == "offline" else SEARCHED_SOURCES
    return (SOURCE, *(path.name for path in literature.user_bib), *(name for name in live if getattr(literature, name).enabled))


def library(settings: Settings) -> OfflineLibrary | LiveLibrary:
    """The catalogue with the user's own .bib files, and beside them the live sources unless the mode is 'offline'.

    Raises:
        SettingsError: a .bib file cannot be used, or the cache of literature answers cannot be read.
    """
    from researchclaw.adapters.user_library import library_of

    literature = settings.literature
    offline = library_of(literature.user_bib, papers(settings))
    if literature.mode == "offline":
        return offline
    from researchclaw.adapters.sources.arxiv import Arxiv
    from researchclaw.adapters.sources.cache import Cache
    from researchclaw.adapters.sources.crossref import Crossref
    from researchclaw.adapters.sources.datacite import Datacite
    from researchclaw.adapters.sources.http import Web
    from researchclaw.adapters.sources.library import LiveLibrary
    from researchclaw.adapters.sources.open_texts import OpenTexts
    from researchclaw.adapters.sources.openalex import OpenAlex, OpenAlexSingly
    from researchclaw.adapters.sources.semantic_scholar import SemanticScholar
    from researchclaw.adapters.sources.terms import terms_of

    web = Web(terms_of(literature), Cache(state_folder(settings) / LITERATURE_CACHE), literature.mode)
    alex, scholar, arxiv, crossref = OpenAlex(web), SemanticScholar(web), Arxiv(web), Crossref(web)
    search = (alex, scholar, arxiv)
    registries = (crossref, Datacite(web), OpenAlexSingly(web), *search)
    enabled = {name for name in LIVE_SOURCES if getattr(literature, name).enabled}
    fetched = literature.full_text == "open" and arxiv.name in enabled
    return LiveLibrary(
        offline,
        [source for source in search if source.name in enabled],
        [registry for registry in registries if registry.name in enabled],
        works_per_query=literature.works_per_query,
        total_s=literature.total_sec,
        graphs=[graph for graph in (alex, scholar) if graph.name in enabled],
        indices=[index for index in (alex, crossref, scholar) if index.name in enabled],
        open_texts=OpenTexts(web, state_folder(settings) / PDF_TEXTS) if fetched else None,
    )


def papers(settings: Settings) -> PdfFolder | None:
    """The folder of PDFs that the settings name.

    Raises:
        SettingsError: it cannot be used.
    """
    from researchclaw.adapters.pdf_folder import PdfFolder

    folder = settings.literature.pdf_folder
    return None if folder is None else PdfFolder(folder, state_folder(settings) / PDF_TEXTS)


def language_model(settings: Settings, marker: str, journal: Journal | None = None) -> LanguageModel:
    """Who answers the stages' questions; nothing is sent yet.

    marker: what stands around material in prompts; nobody outside of the run may know it. journal: of the run.
    Raises:
        SettingsError: the settings name no model, the environment holds no key, or a price that is needed is not known.
    """
    from researchclaw.adapters.offline import OfflineResearcher

    match settings.llm.provider:
        case "offline":
            return OfflineResearcher()
        case "canned":
            from researchclaw.adapters.models.canned import CannedModel

            if settings.llm.answers is None:
                raise SettingsError("llm.answers: name the folder of the run whose answers 'canned' shall give.")
            return CannedModel(settings.llm.answers)
        case _:
            from researchclaw.adapters.models.choice import http_model
            from researchclaw.adapters.models.memory import Memory
            from researchclaw.adapters.rules_first import RulesFirst

            return RulesFirst(http_model(settings.llm, marker, Memory(journal)), OfflineResearcher())


def researcher_of(settings: Settings) -> str:
    """Who thinks, as the paper names it."""
    match settings.llm.provider:
        case "offline":
            return "rule-based researcher"
        case "canned":  # whoever gave the answers that are on record
            return language_model(settings, "").name.partition(";")[0]
        case "acp":
            from researchclaw.adapters.models.acp.agents import agent_of

            title = agent_of(settings.llm).title
            return f"{title} ({settings.llm.model})" if settings.llm.model else title
        case _:
            assert settings.llm.model is not None  # checked before the run began
            return settings.llm.model


class OuterWorld:
    """The world of one run; heavy parts are loaded when a stage first asks for a context."""

    def __init__(self, settings: Settings, store: RunStore, journal: Journal) -> None:
        self._settings, self._store, self._journal = settings, store, journal

    def brief(self, topic: str) -> Brief:
        """The topic with the limits that the settings put on the research."""
        experiment, researcher = self._settings.experiment, researcher_of(self._settings)
        return Brief(
            topic=topic,
            kit=experiment.kit,
            budget_s=experiment.time_budget_sec,
            seeds=experiment.seeds,
            max_conditions=experiment.max_conditions,
            refine_attempts=experiment.refine_attempts,
            confirm_seeds=experiment.confirm_seeds,
            max_repairs=experiment.max_repairs,
            scored_bytes=experiment.scored_bytes,
            max_hours=experiment.max_hours,
            max_works=self._settings.literature.max_works,
            allow_unchecked=self._settings.verify.allow_unchecked,
            author=self._settings.export.author or f"researchclaw ({researcher})",
            researcher=researcher,
            hardware=hardware.found(),
        )

    def context(self, guidance: tuple[Guidance, ...], round: int, lessons: tuple[Lesson, ...]) -> Context:  # noqa: A002
        return replace(self._context, guidance=guidance, round=round, lessons=lessons)

    @cached_property
    def _context(self) -> Context:
        from researchclaw.adapters.figures import MatplotlibIllustrator
        from researchclaw.adapters.journalled import JournalledLaboratory, JournalledLibrary, JournalledModel
        from researchclaw.adapters.shelf import FolderShelf
        from researchclaw.adapters.style_files import official_style
        from researchclaw.adapters.typesetting import Typesetter
        from researchclaw.kits import shipped_kits
        from stages.ports import Context

        journal, settings = self._journal, self._settings
        local = laboratory(settings, self._store.folder, journal)
        bench: Laboratory = local
        if settings.experiment.executor == "workpool":
            bench = pool_laboratory(settings, local, self._store.run_id, journal)
        marker = sha256_of_text(f"{self._store.run_id} {self._store.info().created}")[:10]
        return Context(
            model=JournalledModel(language_model(settings, marker, journal), journal),
            library=JournalledLibrary(library(settings), journal),
            laboratory=JournalledLaboratory(bench, journal, compare_data=True),
            illustrator=MatplotlibIllustrator(cache=state_folder(settings) / "matplotlib"),
            typesetter=Typesetter(settings.export.typesetter),
            shelf=FolderShelf(self._store.folder),
            kits=shipped_kits(),
            templates=paper_templates(settings.export.venue),
            mode=settings.export.mode,
            date=self._store.info().created,
            author=settings.export.author,
            official=official_style(settings.export.venue, style_folders(settings)),
            program=program(),
        )


def remembered(settings: Settings, names: Sequence[str], cache: Path, date: str) -> World:
    """A world that answers from a journal alone; what the journal does not hold is refused.

    names: of the models that answered in the run. date: when the run began. cache: where matplotlib keeps its list of fonts.
    """

    def world(folder: Path, journal: Journal, schedule: Schedule) -> Context:
        from researchclaw.adapters.figures import MatplotlibIllustrator
        from researchclaw.adapters.journalled import JournalledLaboratory, JournalledLibrary, JournalledModel
        from researchclaw.adapters.shelf import FolderShelf
        from researchclaw.adapters.style_files import official_style
        from researchclaw.adapters.typesetting import Typesetter
        from researchclaw.kits import shipped_kits
        from researchclaw.replay import Named, SilentLaboratory, SilentLibrary, SilentModel
        from stages.ports import Context

        model: LanguageModel = SilentModel(" or ".join(names))
        for name in names:
            model = JournalledModel(Named(model, name), journal)
        return Context(
            model=model,
            library=JournalledLibrary(SilentLibrary(source_names(settings)), journal),
            laboratory=JournalledLaboratory(SilentLaboratory(schedule), journal),
            illustrator=MatplotlibIllustrator(cache=cache),
            typesetter=Typesetter(settings.export.typesetter),
            shelf=FolderShelf(folder),
            kits=shipped_kits(),
            templates=paper_templates(settings.export.venue),
            mode=settings.export.mode,
            date=date,
            author=settings.export.author,
            official=official_style(settings.export.venue, style_folders(settings)),
            program=program(),
        )

    return world


def check_topic(settings: Settings, topic: str) -> None:
    """Without a language model a kit must answer the topic; known before a run folder is made.

    Raises:
        TopicOutsideKits: none does.
    """
    if settings.llm.provider != "offline":
        return
    from researchclaw.adapters.offline import OfflineResearcher
    from researchclaw.kits import shipped_kits
    from stages.a_scoping import topic_init

    kits = tuple(kit for kit in shipped_kits() if settings.experiment.kit in (None, kit.name))
    question = topic_init.TopicQuestion(topic=topic, kits=kits)
    topic_init.chosen(topic, OfflineResearcher().ask(question, topic_init.TopicReading), kits)


def paper_templates(venue: str) -> dict[str, str]:
    """The texts of one layout: path below templates/ -> text."""
    root = shipped("templates")
    files = [*sorted((root / "paper" / venue).iterdir()), *sorted((root / "paper").glob("*.sty"))]
    return {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in files}


def style_folders(settings: Settings) -> tuple[Path, ...]:
    """Where a user may have put official style files, the first that exists first."""
    if settings.export.styles is not None:
        return (settings.export.styles,)
    return (Path(STYLES), settings.output.resolve().parent / STYLES)


def build(settings: Settings, store: RunStore, journal: Journal) -> OuterWorld:
    """The world in which a run takes place."""
    return OuterWorld(settings, store, journal)
