"""Settings: the defaults below, then the file, the preset, and `--set`, each over the one before.

The file is `--config`, else ./config.arc.yaml, else nothing but the defaults. A preset is a file in `configs/` that holds
differences only. Secrets never stand here: a key that needs one names an environment variable.
"""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    field_validator,
)

from researchclaw.given_files import text_given
from researchclaw.shipped import shipped
from stages.errors import SettingsError

FILE_NAME = "config.arc.yaml"
STYLES = "styles"
"""Folder in which a user puts a venue's official style files."""


_ENVIRONMENT_NAME = re.compile(r"[A-Z][A-Z0-9_]{2,63}")
_LOOKS_LIKE_A_KEY = re.compile(
    r"\b(sk|rk|pk|xai|gsk|hf|ghp|github_pat|glpat|AIza|ya29|AKIA|pplx|csk|nvapi)[-_A-Za-z0-9]{16,}|\bBearer\s|://[^/@\s]*:[^/@\s]*@"
)
"""Beginnings of the keys of well-known services, and a password within an address."""
_NAMES_A_KEY = re.compile(r"(api[_-]?key|secret|token|password|passwd)$", re.IGNORECASE)


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


AgentName = Literal["claude-code", "codex", "gemini", "copilot", "kimi", "opencode"]


class LlmSettings(Section):
    """Who answers the typed questions of the stages."""

    provider: Literal["offline", "openai", "anthropic", "acp", "canned"] = Field(
        default="offline",
        description="Who thinks: 'offline' is the rule-based researcher, 'openai' any endpoint with chat completions, "
        "'acp' a coding agent that is already signed in, 'canned' the answers of an earlier run.",
    )
    model: str | None = Field(default=None, description="Name of the model as its endpoint knows it; null: none is needed.")
    agent: AgentName | tuple[str, ...] | None = Field(
        default=None, description="For 'acp': the agent, or the words of a command that speaks the protocol."
    )
    agent_env: tuple[str, ...] = Field(
        default=(),
        description="Environment variables that the agent gets beside what signs it in; no key of ours reaches it otherwise.",
    )
    base_url: str | None = Field(
        default=None, description="Where it is, e.g. http://127.0.0.1:8000/v1; null: the provider's own address."
    )
    api_key_env: str | None = Field(
        default=None, description="Environment variable that holds the key; null: the usual one of a known host, else no key."
    )
    fallback: tuple[str, ...] = Field(
        default=(), description="Models that stand in when the one before gives no answer; 'anthropic:NAME' is one elsewhere."
    )
    judge: str | None = Field(
        default=None, description="Model that reviews the paper, written like a stand-in; null: the one that wrote it."
    )
    deadline_sec: PositiveFloat = Field(
        default=900, description="Seconds for one question, with all attempts, pauses, repairs and stand-ins."
    )
    idle_sec: PositiveFloat = Field(default=120, description="Seconds without a byte after which an answer is given up.")
    retry_sec: PositiveFloat = Field(
        default=0.5, description="Seconds before a request is put again, where the endpoint names none; doubled each time, at most 20."
    )
    repair_rounds: Annotated[int, Field(ge=0, le=3)] = Field(
        default=2, description="Times that an answer that does not fit is sent back with what is wrong."
    )
    max_tokens: Annotated[int, Field(ge=256)] = Field(
        default=16000, description="Tokens that one answer may have, reasoning included; one that is cut is asked for with more."
    )
    temperature: Annotated[float, Field(ge=0, le=2)] | None = Field(
        default=None, description="Sent with each question; null: the model's own default."
    )
    concurrency: PositiveInt | None = Field(
        default=None, description="Requests at a time, at most; null: 8, and 1 to a server on this machine; 4 of an agent."
    )
    budget_usd: PositiveFloat | None = Field(
        default=None, description="USD that a run may take; at the limit it stops with exit code 4 and can be resumed; null: no limit."
    )
    budget_tokens: PositiveInt | None = Field(default=None, description="The same in tokens, prompts and answers together.")
    prices: tuple[str, ...] = Field(
        default=(),
        description="Prices that go before the built-in table: 'MODEL PROMPT CACHED COMPLETION' in USD for a million tokens.",
    )
    answers: Path | None = Field(default=None, description="For 'canned': the folder of the run whose answers are used.")

    @field_validator("api_key_env")
    @classmethod
    def _a_name(cls, name: str | None) -> str | None:
        if name is not None and not _ENVIRONMENT_NAME.fullmatch(name):
            raise ValueError("no name of an environment variable")
        return name

    @field_validator("agent_env")
    @classmethod
    def _names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_ENVIRONMENT_NAME.fullmatch(name) for name in names):
            raise ValueError("no name of an environment variable")
        return names


class ExperimentSettings(Section):
    """What is trained, how long and how often."""

    kit: str | None = Field(default=None, description="Kit to use; null: found from the topic. See `researchclaw kits list`.")
    time_budget_sec: PositiveFloat = Field(
        default=300, description="Training budget of one run in seconds: CPU time of one thread on a CPU, wall time on a GPU."
    )
    seeds: Annotated[int, Field(ge=1, le=99)] = Field(
        default=5, description="Reported seeds per condition, the same for every condition."
    )
    max_conditions: Annotated[int, Field(ge=2)] = Field(
        default=5, description="Conditions of the plan, the baseline included; a study of two factors has four at least."
    )
    refine_attempts: Annotated[int, Field(ge=0)] = Field(default=6, description="Candidates that the improvement loop may try.")
    confirm_seeds: Annotated[int, Field(ge=0, le=99)] = Field(
        default=3, description="Fresh seeds on which the loop's winner is confirmed."
    )
    max_repairs: Annotated[int, Field(ge=0)] = Field(
        default=8, description="Repairs of code that a model wrote, in the whole study; three at most for one failure."
    )
    scored_bytes: PositiveInt | None = Field(
        default=None, description="Bytes of the validation split that are scored, spread evenly; null: all of them."
    )
    max_hours: PositiveFloat = Field(
        default=12, description="Wall time in hours that the experiments may take; a plan that does not fit is refused."
    )
    workers: PositiveInt | None = Field(default=None, description="Runs at once; null: one for each physical core.")
    keep_weights: bool = Field(default=False, description="Keep each run's trained weights in its folder.")
    corpus: Path | None = Field(
        default=None, description="File or folder of text to train on; null: the standard library of the Python in use."
    )
    device: Literal["cuda", "cpu"] = Field(
        default="cuda",
        description="For kits that need a GPU; cpu: at a tiny size on one thread, to try the path and for nothing else.",
    )
    gpu_startup_sec: PositiveFloat = Field(
        default=90, description="Seconds of start-up and compiling that are free on a GPU; what is above comes off the budget."
    )
    gpu_idle_mb: NonNegativeFloat = Field(  # idle data-centre GPUs tell up to 600 (a guess)
        default=1024, description="Megabytes of a GPU's memory that other programs, a desktop say, may use while a run has it."
    )
    executor: Literal["local", "workpool"] = Field(
        default="local", description="Who trains: this machine, or the workers of a Prefect work pool (`researchclaw worker start`)."
    )
    pool: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_. -]{0,63}$")] = Field(
        default="researchclaw", description="The work pool; letters, digits, '_', '.', '-' and blanks."
    )
    pool_limit: PositiveInt | None = Field(default=None, description="Runs at once in the whole pool; null: as the pool has it.")
    worker_lost_sec: Annotated[float, Field(ge=15)] = Field(
        default=35, description="Seconds without a sign of life after which a worker's runs are given to others."
    )
    worker_wait_sec: PositiveFloat = Field(
        default=300, description="Seconds for which a pool may have no worker; then the run ends and can be resumed."
    )


class SandboxSettings(Section):
    """How code that nobody trusts is shut in."""

    backend: Literal["auto", "bubblewrap", "docker", "podman"] = Field(
        default="auto", description="Isolation; auto: bubblewrap. It must withstand a self-test before anything is run."
    )
    image: str | None = Field(
        default=None, description="Container image with python3, torch, numpy and safetensors; for docker and podman."
    )
    gpu: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(), description="Numbers of the GPUs that a run may use; [] for none."
    )
    allow_weaker: bool = Field(
        default=False, description="Run generated code as a plain process where no sandbox can be had; every record says so."
    )
    memory_mb: Annotated[int, Field(ge=256)] = Field(default=4096, description="Memory that one run may use, in MB.")
    disk_mb: Annotated[int, Field(ge=16)] = Field(default=512, description="Disk that one run may fill, in MB.")
    processes: Annotated[int, Field(ge=8)] = Field(default=128, description="Processes and threads that one run may have.")


class SourceSettings(Section):
    """One literature source."""

    enabled: bool = Field(default=True, description="Ask this source; false leaves it out.")
    base_url: str = Field(description="Where it is.")
    key_env: str = Field(description="Environment variables for its key, apart by blanks; the first that is set counts.")
    requests_per_second: PositiveFloat | None = Field(default=None, description="Requests in a second; null: what the source allows.")
    timeout_sec: PositiveFloat = Field(description="Seconds for one answer.")
    daily_budget: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Requests in a day (UTC), at OpenAlex credits; null: what the source allows."
    )


class OpenAlexSettings(SourceSettings):
    """OpenAlex, asked in searches and look-ups."""

    base_url: str = Field(default="https://api.openalex.org", description="Where it is.")
    key_env: str = Field(default="OPENALEX_API_KEY", description=SourceSettings.model_fields["key_env"].description)
    timeout_sec: PositiveFloat = Field(default=15, description="Seconds for one answer.")


class SemanticScholarSettings(SourceSettings):
    """Semantic Scholar, asked in searches and look-ups."""

    base_url: str = Field(default="https://api.semanticscholar.org", description="Where it is.")
    key_env: str = Field(default="S2_API_KEY SEMANTIC_SCHOLAR_API_KEY", description=SourceSettings.model_fields["key_env"].description)
    timeout_sec: PositiveFloat = Field(default=15, description="Seconds for one answer.")


class ArxivSettings(SourceSettings):
    """arXiv, asked in searches and look-ups."""

    base_url: str = Field(default="https://export.arxiv.org", description="Where it is.")
    key_env: str = Field(default="", description=SourceSettings.model_fields["key_env"].description)
    timeout_sec: PositiveFloat = Field(default=20, description="Seconds for one answer.")


class CrossrefSettings(SourceSettings):
    """CrossRef, asked in look-ups; its key is an e-mail address, which gives the faster pool."""

    base_url: str = Field(default="https://api.crossref.org", description="Where it is.")
    key_env: str = Field(default="CROSSREF_MAILTO", description=SourceSettings.model_fields["key_env"].description)
    timeout_sec: PositiveFloat = Field(default=15, description="Seconds for one answer.")


class DataciteSettings(SourceSettings):
    """DataCite, asked in look-ups."""

    base_url: str = Field(default="https://api.datacite.org", description="Where it is.")
    key_env: str = Field(default="", description=SourceSettings.model_fields["key_env"].description)
    timeout_sec: PositiveFloat = Field(default=15, description="Seconds for one answer.")


class LiteratureSettings(Section):
    """Where published works are found."""

    mode: Literal["offline", "cache-first", "online"] = Field(
        default="offline",
        description="Sources; 'offline' is the embedded catalogue alone, 'cache-first' asks live sources what their cache lacks, "
        "'online' asks them always.",
    )
    max_works: Annotated[int, Field(ge=20)] = Field(default=40, description="Works on the shortlist, at most.")
    user_bib: tuple[Path, ...] = Field(
        default=(), description="Your own .bib files, e.g. a Zotero export: a second offline catalogue, read and never changed."
    )
    pdf_folder: Path | None = Field(
        default=None,
        description="Folder with your own PDFs, named by citation key or arXiv id, or known by the title on page one; null: none.",
    )
    full_text: Literal["own", "open"] = Field(
        default="own",
        description="Full texts that cards may quote: 'own' are those of pdf_folder, 'open' also arXiv's PDFs of the works kept, "
        "fetched unless the mode is 'offline'.",
    )
    works_per_query: Annotated[int, Field(ge=1, le=100)] = Field(
        default=20, description="Works that each live source gives for one query, at most."
    )
    total_sec: PositiveFloat = Field(default=120, description="Seconds for all that a stage asks live sources, together.")
    openalex: OpenAlexSettings = OpenAlexSettings()
    semantic_scholar: SemanticScholarSettings = SemanticScholarSettings()
    arxiv: ArxivSettings = ArxivSettings()
    crossref: CrossrefSettings = CrossrefSettings()
    datacite: DataciteSettings = DataciteSettings()


class VerifySettings(Section):
    """What a reference must have stood before it is cited."""

    allow_unchecked: bool = Field(
        default=False,
        description="Cite works that no source could confirm or deny, e.g. because all were down; the paper and the report say so.",
    )


class ExportSettings(Section):
    """How the paper looks."""

    venue: Literal["neurips", "icml", "iclr", "plain"] = Field(
        default="neurips", description="Layout of the paper, with the author block and the statements that the venue asks for."
    )
    mode: Literal["preprint", "submission", "final"] = Field(
        default="preprint",
        description="submission: no author's name, numbered lines, no acknowledgements; preprint and final name the authors.",
    )
    author: str = Field(
        default="",
        description="Authors, e.g. 'A. One (Institute); B. Two (Institute)'; "
        "empty: the paper names who wrote it, e.g. the rule-based researcher.",
    )
    styles: Path | None = Field(
        default=None,
        description="Folder with a venue's official style files, used instead of our layout; "
        "null: styles/ beside the configuration file, here, or beside the output folder.",
    )
    typesetter: Literal["auto", "latex", "typst"] = Field(
        default="auto", description="Who makes the PDF; auto: LaTeX where it is installed, else a marked preview by typst."
    )


Mode = Literal["full-auto", "gate-only", "checkpoint", "step-by-step", "co-pilot", "custom"]


class GateSettings(Section):
    """Where a person decides."""

    auto_approve: bool = Field(default=False, description="Approve every gate, recorded as such; the flag is --auto-approve.")
    mode: Mode | None = Field(
        default=None,
        description="Where a run waits for a person: nowhere, at the three gates, after each phase, after each stage, after 8, 9, 16 "
        "and 17, or as in gates.policies; null: gate-only. The option is --mode.",
    )
    policies: tuple[str, ...] = Field(
        default=(),
        description="For the mode custom: STAGE=POLICY, e.g. [experiment_run=ask, 5=auto]; ask waits, suspend ends the process until "
        "somebody has answered, auto goes on. Stages that are not named: as in gate-only.",
    )
    timeout: PositiveFloat | None = Field(
        default=None,
        description="Seconds that a run waits for an answer while the project's server is up, then exit code 3; null: for ever.",
    )


class ServerSettings(Section):
    """The project's own Prefect server with its UI: `researchclaw server start`."""

    host: str = Field(
        default="127.0.0.1",
        description="Address it hears on; other than loopback only with PREFECT_SERVER_API_AUTH_STRING in the environment.",
    )
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(default=None, description="Its port; null: a free one.")
    resumes: bool = Field(
        default=True,
        description="Go on with a run that is retried or answered in the UI while no process is at work on it; false: `resume` does.",
    )
    database_url: str | None = Field(
        default=None,
        description=(
            "PostgreSQL, e.g. postgresql+asyncpg://user@host/name, the password in the variable PGPASSWORD; "
            "null: SQLite below the output folder."
        ),
    )

    @field_validator("database_url")
    @classmethod
    def _without_password(cls, url: str | None) -> str | None:
        if url is not None and (not url.startswith("postgresql+asyncpg://") or urlsplit(url).password is not None):
            raise ValueError("not PostgreSQL, or with a password")
        return url


class FlowSettings(Section):
    """What runs the stages."""

    engine: Literal["prefect", "plain"] = Field(default="prefect", description="Prefect, or the same stages without it.")
    server_url: str | None = Field(
        default=None,
        description=(
            "API of a Prefect server of yours, e.g. http://127.0.0.1:4200/api; "
            "null: the project's when it is up, else a temporary one."
        ),
    )
    startup_timeout_sec: PositiveInt = Field(default=120, description="Seconds that a server may take to start.")
    retries: Annotated[int, Field(ge=0)] = Field(default=2, description="Times a stage is tried again when a source gave no answer.")
    retry_delay_sec: Annotated[float, Field(ge=0)] = Field(default=3, description="Seconds between two such tries.")


class LoopSettings(Section):
    """When `researchclaw loop` thinks a gain worth its price; its options of the same names go before."""

    tiny_gain: Annotated[float, Field(ge=0)] = Field(
        default=0.001, description="Relative gain below which more than `tiny_gain_lines` added lines are not worth it."
    )
    tiny_gain_lines: Annotated[int, Field(ge=0)] = Field(default=20, description="Net lines that a tiny gain may cost.")
    simpler_margin: Annotated[float, Field(ge=0)] = Field(
        default=1.0, description="A change that removes lines may be this much worse, in standard deviations of a paired difference."
    )
    repeats: Annotated[int, Field(ge=2, le=50)] = Field(default=5, description="Seeds on which the baseline is calibrated.")
    confirm: Annotated[int, Field(ge=1, le=20)] = Field(default=3, description="Fresh seeds that confirm a keep, at most.")


class Settings(Section):
    """Everything that a user can set."""

    output: Path = Field(default=Path("artifacts"), description="Folder that holds the run folders.")
    min_free_mb: Annotated[int, Field(ge=0)] = Field(default=500, description="Free disk below which no run is started, in MB.")
    llm: LlmSettings = LlmSettings()
    experiment: ExperimentSettings = ExperimentSettings()
    sandbox: SandboxSettings = SandboxSettings()
    literature: LiteratureSettings = LiteratureSettings()
    verify: VerifySettings = VerifySettings()
    export: ExportSettings = ExportSettings()
    gates: GateSettings = GateSettings()
    server: ServerSettings = ServerSettings()
    flow: FlowSettings = FlowSettings()
    loop: LoopSettings = LoopSettings()


@dataclass(frozen=True)
class Key:
    """One key as a user writes it, e.g. 'experiment.seeds'."""

    name: str
    description: str
    default: JsonValue
    allowed: str


def keys(section: type[Section] = Settings, above: str = "") -> Iterator[Key]:
    """Every key, in the order of the file."""
    for name, field in section.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, Section):
            yield from keys(annotation, f"{above}{name}.")
        else:
            default = field.default
            yield Key(
                name=f"{above}{name}",
                description=field.description or "",
                default=str(default) if isinstance(default, Path) else list(default) if isinstance(default, tuple) else default,
                allowed=_allowed(annotation, field.metadata),
            )


def _allowed(annotation: object, metadata: Sequence[object]) -> str:
    """The values that a key takes, in words: 'auto, latex or typst', 'a whole number, at least 2, or null'."""
    metadata = list(metadata)
    while typing.get_origin(annotation) is Annotated:
        annotation, *more = typing.get_args(annotation)
        for item in more:
            metadata.extend(getattr(item, "metadata", None) or [item])
    if typing.get_origin(annotation) is Literal:
        *init, last = (str(value) for value in typing.get_args(annotation))
        return f"{', '.join(init)} or {last}" if init else last
    if typing.get_origin(annotation) is tuple:
        item = typing.get_args(annotation)[0]
        words_of_lists: dict[object, str] = {Path: "a list of paths", str: "a list of texts"}
        return words_of_lists.get(item) or f"a list of: {_allowed(item, [])}"
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        parts = [a for a in typing.get_args(annotation) if a is not type(None)]
        return " or ".join([_allowed(part, metadata) for part in parts] + ["null"])
    words = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "text",
        Path: "a path",
    }[typing.cast("type", annotation)]
    for item in metadata:
        if (ge := getattr(item, "ge", None)) is not None:
            words += f", at least {ge}"
        if (gt := getattr(item, "gt", None)) is not None:
            words += f", above {gt}"
        if (le := getattr(item, "le", None)) is not None:
            words += f", at most {le}"
    return words


# ---------------------------------------------------------------- loading


@dataclass(frozen=True)
class _Layer:
    """One source of values: `source` is a path or '--set', `lines` tells where each key stands."""

    source: str
    values: dict[str, JsonValue]
    lines: dict[str, int]

    def place(self, key: str) -> str:
        line = self.lines.get(key)
        return self.source if line is None else f"{self.source}:{line}"


def load(
    config: Path | None = None,
    preset: str | None = None,
    overrides: Sequence[str] = (),
    *,
    folder: Path | None = None,
) -> Settings:
    """The settings of a run.

    folder: where config.arc.yaml is looked for when `config` is None; the current one by default.
    Raises:
        SettingsError: a file is missing or no YAML, a key is unknown, or a value is not among those allowed.
    """
    layers: list[_Layer] = []
    if config is not None:
        layers.append(_file(config, "--config"))
    elif (found := (folder or Path.cwd()) / FILE_NAME).exists():
        layers.append(_file(found, FILE_NAME))
    if preset is not None:
        layers.append(_file(_preset(preset), "--preset"))
    layers.append(_overrides(overrides))
    if config is not None and (beside := config.resolve().parent / STYLES).is_dir():
        layers.insert(0, _Layer("--config", {"export.styles": str(beside)}, {}))
    merged: dict[str, tuple[JsonValue, _Layer]] = {}
    known = {key.name: key for key in keys()}
    for layer in layers:
        for name, value in layer.values.items():
            _refuse_secrets(name, value, layer)
            if name not in known:
                raise SettingsError(f"{layer.place(name)}: unknown key '{name}'; {_nearest(name, list(known))}")
            merged[name] = (value, layer)
    return _validated(merged, known)


def check_values(section: str, values: Mapping[str, JsonValue], source: str) -> None:
    """As if the values stood in a file.

    Raises:
        SettingsError: a key is unknown, a value is not allowed, or it is a secret.
    """
    known = {key.name: key for key in keys()}
    layer = _Layer(source, {f"{section}.{name}": value for name, value in values.items()}, {})
    for name, value in layer.values.items():
        _refuse_secrets(name, value, layer)
    _validated({name: (value, layer) for name, value in layer.values.items()}, known)


def presets() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in shipped("configs").glob("*.yaml")))


def from_record(values: Mapping[str, JsonValue]) -> Settings:
    """The settings as a run's run.json holds them.

    Raises:
        SettingsError: the run was made by a version with other keys.
    """
    try:
        return Settings.model_validate(values)
    except ValidationError as exc:
        where = ".".join(str(part) for part in exc.errors()[0]["loc"])
        raise SettingsError(f"run.json: the key '{where}' is not one of this version; start a new run.") from exc


def flat(values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Nested sections as dotted names, e.g. 'experiment.seeds'."""
    return _flat(values, {})


def overridden(settings: Settings, overrides: Sequence[str]) -> Settings:
    """The settings with `--set` values over them."""
    known = {key.name: key for key in keys()}
    layer = _overrides(overrides)
    merged = {name: (value, layer) for name, value in flat(settings.model_dump(mode="json")).items()}
    for name, value in layer.values.items():
        _refuse_secrets(name, value, layer)
        if name not in known:
            raise SettingsError(f"--set: unknown key '{name}'; {_nearest(name, list(known))}")
        merged[name] = (value, layer)
    return _validated(merged, known)


def _validated(merged: Mapping[str, tuple[JsonValue, _Layer]], known: Mapping[str, Key]) -> Settings:
    tree: dict[str, JsonValue] = {}
    for name, (value, layer) in merged.items():
        if isinstance(value, bool) and known[name].allowed != "true or false":  # pydantic would read yes as 1
            raise _refused(name, value, layer, known)
        node = tree
        *above, leaf = name.split(".")
        for part in above:
            node = typing.cast("dict[str, JsonValue]", node.setdefault(part, {}))
        node[leaf] = value
    try:
        return Settings.model_validate(tree)
    except ValidationError as exc:
        found = [str(part) for part in exc.errors()[0]["loc"]]
        name = next(name for name in known if found[: len(name.split("."))] == name.split("."))
        raise _refused(name, *merged[name], known) from exc


def _refused(name: str, value: JsonValue, layer: _Layer, known: Mapping[str, Key]) -> SettingsError:
    if name.endswith(("key_env", "agent_env")):  # it may be a key that stands in the wrong place
        return SettingsError(
            f"{layer.place(name)}: '{name}' takes the name of an environment variable, e.g. OPENAI_API_KEY, never a key."
        )
    shown = yaml.safe_dump(value).splitlines()[0] if isinstance(value, bool | None) else repr(value)
    return SettingsError(f"{layer.place(name)}: '{name}' cannot be {shown}; allowed: {known[name].allowed}.")


def without_keys(text: str) -> str:
    """Words of other programs, without what looks like a key in them."""
    return re.sub(rf"(?:{_LOOKS_LIKE_A_KEY.pattern})\S*", "[a key]", text)


def _refuse_secrets(name: str, value: JsonValue, layer: _Layer) -> None:
    """A key in a file ends up in a repository, in run.json or on a screen; the message does not repeat it.

    Raises:
        SettingsError: there is one.
    """
    texts = value if isinstance(value, list) else [value]
    named = _NAMES_A_KEY.search(name) is not None
    if named or any(isinstance(text, str) and _LOOKS_LIKE_A_KEY.search(text) for text in texts):
        raise SettingsError(
            f"{layer.place(name)}: '{name}' holds a key, and keys never stand in settings; put it into an environment variable, "
            "e.g. OPENAI_API_KEY, and name that in llm.api_key_env."
        )


def _nearest(name: str, known: Sequence[str]) -> str:
    """'did you mean …?': by the whole name, else by its last part."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if not close:
        leaf = name.rsplit(".", 1)[-1]
        leaves = {key.rsplit(".", 1)[-1]: key for key in known}
        close = [leaves[hit] for hit in difflib.get_close_matches(leaf, list(leaves), n=1, cutoff=0.5)]
    return f"did you mean '{close[0]}'?" if close else f"the keys are explained in {FILE_NAME}."


def _preset(name: str) -> Path:
    if name not in presets():
        close = difflib.get_close_matches(name, presets(), n=1, cutoff=0.4)
        hint = f"did you mean '{close[0]}'? " if close else ""
        raise SettingsError(f"--preset: there is no preset '{name}'; {hint}presets: {', '.join(presets())}.")
    return shipped("configs") / f"{name}.yaml"


def _file(path: Path, named: str) -> _Layer:
    text = text_given(path, named)
    source = str(path) if named == "--config" else path.name
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except RecursionError as exc:
        raise SettingsError(f"{source}: not YAML that can be read (nested too deeply).") from exc
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        place = source if mark is None else f"{source}:{mark.line + 1}"
        raise SettingsError(f"{place}: not YAML ({getattr(exc, 'problem', None) or 'unreadable'}).") from exc
    if values is None:
        return _Layer(source, {}, {})
    if not isinstance(values, dict) or node is None:
        raise SettingsError(f"{source}: expected keys with values, e.g. 'experiment:' and below it '  seeds: 5'.")
    lines: dict[str, int] = {}
    _lines(node, "", lines, source)
    return _Layer(source, _flat(values, {}), lines)


def _lines(node: yaml.Node, above: str, found: dict[str, int], source: str) -> None:
    """Line of every key, and a refusal of a key that stands twice (YAML would take the last one silently)."""
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        name = f"{above}{key.value}"
        if name in found:
            raise SettingsError(f"{source}:{key.start_mark.line + 1}: '{name}' stands here a second time.")
        found[name] = key.start_mark.line + 1
        _lines(value, f"{name}.", found, source)


def _flat(values: Mapping[str, JsonValue], found: dict[str, JsonValue], above: str = "") -> dict[str, JsonValue]:
    """Nested sections as dotted names; an empty section (only comments below it) says nothing."""
    sections = {name for name, field in Settings.model_fields.items() if _is_section(field.annotation)}
    for name, value in values.items():
        if not above and name in sections and value is None:
            continue
        if isinstance(value, dict):
            _flat(value, found, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = value
    return found


def _is_section(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Section)


def _overrides(overrides: Sequence[str]) -> _Layer:
    values: dict[str, JsonValue] = {}
    for text in overrides:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise SettingsError(f"--set: '{text}' is not of the form key=value, e.g. experiment.seeds=3.")
        try:
            values[name.strip()] = yaml.safe_load(value)
        except yaml.YAMLError as exc:
            raise SettingsError(f"--set: the value of '{name.strip()}' cannot be read.") from exc
    return _Layer("--set", values, {})
