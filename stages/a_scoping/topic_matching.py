"""Which factors of a kit an ordinary sentence asks about.

Matching is by whole words, longest phrase first; hyphens, plurals, articles and British or American spelling make no
difference. What a kit can vary and how people call it stands in the kit; here stands only how a sentence is read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from stages.contracts import Contract, Factor, Kit, Slug, TopicMatch
from stages.errors import SettingsError

FOREIGN_DOMAINS: dict[str, tuple[str, ...]] = {
    # Reason: their inputs are not text, so a finding on text would answer another question.
    "vision": (
        "image", "vision", "visual", "video", "pixel", "photo", "picture", "camera", "convnet", "cnn", "resnet", "vit",
        "object detection", "segmentation", "imagenet", "mnist", "cifar", "face recognition", "handwriting", "handwritten digit",
    ),
    "sound": ("speech", "audio", "music", "voice", "sound", "acoustic", "spoken"),
    "tables and regression": (
        "tabular", "regression", "lasso", "ridge", "elastic net", "random forest", "gradient boosting", "xgboost", "lightgbm",
        "decision tree", "support vector machine", "svm", "nearest neighbour", "clustering", "k means", "correlated feature",
        "naive bayes", "gaussian process", "time series", "forecasting", "recommender", "recommendation", "collaborative filtering",
    ),
    "graphs": ("graph neural", "gnn", "graph network", "knowledge graph", "node classification", "graph"),
    "control": ("reinforcement", "reinforcement learning", "robot", "robotics", "atari", "game playing", "policy gradient", "driving"),
    "generation of other things than text": (
        "diffusion model", "diffusion", "gan", "generative adversarial", "variational autoencoder", "autoencoder", "vae",
    ),
    # Reason: the words of these fields are everyday words of training too (position, depth, warm-up, batch, schedule).
    "natural science": (
        "protein", "gene", "genome", "dna", "cell", "molecule", "chemistry", "drug", "climate", "weather", "planet", "galaxy",
        "physics", "quantum", "ocean", "river", "lake", "soil", "fish", "bird", "bee", "animal", "plant", "insect", "collider",
    ),
    "people and trades": (
        "patient", "clinical", "medical", "medicine", "cancer", "disease", "hospital", "exercise", "athlete", "sport", "football",
        "injury", "muscle", "sleep", "diet", "weight training", "strength training", "weight loss", "school", "student", "teacher",
        "university", "election", "stock", "stock market", "finance", "bank", "cooking", "brewing", "beer", "bread", "oven",
        "railway", "bus", "airport", "hair", "nail", "guitar", "road", "traffic", "swimming", "diving", "pool", "climbing",
    ),
    "theory of statistics": ("p value", "multicollinearity", "survey sampling", "causal inference"),
}  # fmt: skip
"""Words that place a topic outside a text kit, by the reason why. A kit whose own scope names such a word is exempt from it."""

OUTSIDE_TECHNIQUES: tuple[str, ...] = (
    # Reason: a study that leaves these out of a topic that names them would answer another question.
    "distillation", "distilling", "quantisation", "quantization aware", "pruning", "pruned", "lora", "low rank adaptation",
    "mixture of experts", "moe", "rlhf", "instruction tuning", "prompt", "prompting", "chain of thought", "in context learning",
    "retrieval", "retrieval augmented", "tokeniser", "tokenization", "bpe", "byte pair encoding", "sentencepiece",
    "vocabulary size", "data augmentation", "mixup", "ensemble", "ensembling", "model averaging", "weight averaging", "mamba",
    "state space model", "lstm", "rnn", "recurrent", "recurrent network", "convolution", "convolutional", "flash attention",
    "sparse attention", "linear attention", "batch norm", "batch normalisation", "group normalisation", "pretrained",
    "transfer learning", "federated", "federated learning", "multimodal", "vision language", "mixed precision", "alignment",
    "hallucination", "curriculum", "curriculum learning", "early stopping", "contrastive", "adversarial", "translation",
    "question answering", "sentiment", "summarisation", "encryption", "watermark",
    "beta1", "beta2", "beta 1", "beta 2", "betas", "epsilon",
)  # fmt: skip
"""Techniques and tasks of the field that change more than a constant: a topic that names one is not answered by a kit."""

MEANINGLESS_PHRASES: tuple[str, ...] = (
    # Reason: each holds a word that names a factor or level elsewhere.
    "deep learning", "deep neural", "deep network", "deep nets", "in the context of", "in context of", "in depth",
    "in this context", "output head", "language model head", "rule of thumb", "bit depth", "head to head", "position paper",
    "state of the art", "head start", "ahead of schedule", "constant budget", "constant time", "constant compute", "held constant",
    "same number of parameters", "equal number of parameters", "fixed number of parameters", "same parameter count",
    "equal parameter count", "same number of steps", "equal number of steps", "fixed number of steps", "same model size",
    "equal model size", "fixed model size", "short context language model", "narrow language model", "shallow language model",
    *(f"{where} {kind} {model}" for where in "for in of inside".split() for kind in "shallow deep narrow wide".split()
      for model in "transformer gpt network model lm decoder language neural byte".split()),
    *(f"{count} layer {model}" for count in "one two three four six eight single 1 2 3 4 6 8".split()
      for model in "transformer gpt network model lm decoder".split()),
)  # fmt: skip

MACHINE_LEARNING_WORDS: tuple[str, ...] = (
    "model", "network", "neural", "neural network", "neural net", "deep learning", "training", "train", "trained", "pretraining",
    "transformer", "attention", "encoder", "decoder", "learning rate", "batch size", "step size", "minibatch", "optimiser", "sgd",
    "adamw", "rmsprop", "adagrad", "gradient", "loss", "embedding", "token", "parameter", "hyperparameter", "layer", "epoch", "relu",
    "gelu", "silu", "swiglu", "layernorm", "layer norm", "rmsnorm", "rms norm", "label smoothing", "weight decay",
    "positional encoding", "position encoding", "position embedding", "n gram", "bigram", "trigram", "mlp", "feed forward",
    "overfitting", "overfit", "weight tying", "qk norm", "softmax", "activation function", "alibi", "initialisation",
    "generalisation", "regularisation", "xavier", "kaiming", "context window", "context length", "sequence length",
    "gradient clipping",
)  # fmt: skip
"""A topic with one of these is about training a model, so its everyday words ('depth', 'warm-up') are read in that sense.
They belong to every domain: where a kit lists them among its scope words, they do not outweigh a foreign word."""

_QUESTION_WORDS = """
    about across actually add added adding affect after again all also always am and any are as at bad be because before being
    benefit best better between big bigger both budget but by can cause change choice choose compare compared comparison compute
    cost could cpu dependence depend different difference do does doing done each earlier early effect effective either end enough
    equal ever every faster few fewer fixed for from gain get gets give given good great half hand harm has have having help
    helpful helps high higher how hurt i if impact important improve improvement in increase influence instead into is it its
    just keep large larger laptop later least less limited little long longer look low lower main make makes many matter matters me
    minute more most much must my necessary need needed needs never new no non not of off on only opposed or other our out over pay
    place point practice prefer quick quickly rather really reduce role run same second seconds see set setting short should
    scarce simple single size slow slower small smaller so some spend start step still such switch take tell than that their them then
    there these they thing this time tiny to together too total tune tuning two under up upon us use used useful using value versus
    very vs want was way we well what when where whether which while why will with within without work worse worth would wrong you
    your beat beats outperform replace stable stability noise noisy trade tradeoff against per question study several plain extra
    additional amount number rate weight data learn learning language byte text code python computer gpu hour smart sensitive
    quality score result accuracy predict prediction recipe trick idea default worthwhile once twice happen say sensible
    sense ai machine lm helpful harmful near almost already anyway beneficial favour common usual standard popular modern
    random randomly speed repeat repeated repeatedly
"""
QUESTION_WORDS: frozenset[str] = frozenset(_QUESTION_WORDS.split())
"""Words that say nothing about the field. A topic of these and of everyday factor words alone ('Width or depth?') is read
as being about the kit; with any other word and no sign of machine learning it is not."""

RIVAL_MARKERS: tuple[str, ...] = (
    "against", "versus", "vs", "v", "or", "instead of", "rather than", "compared with", "compared to", "than", "beat", "beats",
    "outperform", "outperforms", "replace", "replaces", "in place of", "substitute", "substitute for", "as opposed to",
)  # fmt: skip

ASPECT_LINKS: tuple[str, ...] = (
    "be", "been", "being", "is", "are", "was", "kept", "keep", "held", "hold", "need", "use", "have", "get", "start", "end", "follow",
    "go", "to", "of", "for", "slowly", "gradually", "down", "should", "over", "during", "training", "that", "which", "must", "stay",
    "remain",
)  # fmt: skip
"""Between 'learning rate' and 'constant' these make the one an aspect of the other: 'should the learning rate be constant?'"""

_QUANTITIES = frozenset({"amount", "quantity", "size", "fraction"})
_DEEP_NETWORKS = frozenset({"deepnetwork", "deepnet", "deepneural"})
_ARTICLES = frozenset({"the", "a", "an"})
_LONGEST_PHRASE = 9  # tokens without articles; 'share the weights of the input and output embeddings' has seven
_SHORTEST_JOINED = 6  # 'warm up' may be 'warmup', but 'in it' is not 'init'


class MatchedTopic(Contract):
    """What a kit understands of a topic."""

    matches: tuple[TopicMatch, ...]
    """In the order of the topic, one entry a factor. The baseline level is never listed: it is in every study anyway."""
    contest: bool
    """The first two factors are asked about as rivals."""
    in_scope: bool
    """The kit can answer: something matched and nothing places the topic elsewhere."""
    foreign: tuple[str, ...] = ()
    """Words of the topic, as written, that place it outside the kit; empty when it is in scope or nothing matched at all."""


@dataclass(frozen=True)
class _Token:
    stem: str
    start: int
    stop: int


@dataclass(frozen=True)
class _Meaning:
    """What a phrase stands for: a factor (perhaps a level of it), a foreign word, or nothing."""

    factor: Slug | None = None
    levels: tuple[Slug, ...] = ()
    foreign: bool = False
    outside: bool = False


@dataclass(frozen=True)
class _Span:
    first: int
    last: int
    """Index of the last token, inclusive."""
    meaning: _Meaning


def match_topic(topic: str, kit: Kit) -> MatchedTopic:
    """The factors and levels of the kit that the topic names, in its order.

    A word used by a longer phrase is not read again: 'learning-rate schedule' is the schedule, not the learning rate.

    Raises:
        SettingsError: the kit uses the same words for two factors.
    """
    tokens = _tokens(topic)
    index = _index(kit)
    if {"wide", "width", "narrow"} & {token.stem for token in tokens}:
        # Beside width 'deep networks' are meant as deep ones, and not as the name of the field.
        index = {key: meaning for key, meaning in index.items() if key not in _DEEP_NETWORKS}
    spans = _longest_first(tokens, index)
    named = _without_absorbed(tokens, [span for span in spans if span.meaning.factor is not None], kit)
    named = _without_what_holds_anyway(tokens, named, kit)
    matches = _matches(topic, tokens, named, kit)
    foreign = _foreign(topic, tokens, spans, named, kit) if matches else ()
    return MatchedTopic(
        matches=matches,
        contest=_is_contest(tokens, named, matches),
        in_scope=bool(matches) and not foreign,
        foreign=foreign,
    )


def _without_absorbed(tokens: Sequence[_Token], named: Sequence[_Span], kit: Kit) -> list[_Span]:
    """Drops a factor's bare name where the topic goes on to an aspect of it that is a factor of its own.

    'Should the learning rate be warmed up?' asks about warm-up alone, because 'learning rate warm-up' is one of its names.
    """
    factors = {factor.name: factor for factor in kit.factors}
    links = {_stem(link) for link in ASPECT_LINKS}
    absorbed: set[int] = set()
    for position, (left, right) in enumerate(pairwise(named)):
        one, other = left.meaning.factor, right.meaning.factor
        assert one is not None
        assert other is not None
        if one == other or any(token.stem not in links for token in tokens[left.last + 1 : right.first]):
            continue
        if not left.meaning.levels and _is_aspect(factors[other], of=factors[one]):
            absorbed.add(position)
        elif not right.meaning.levels and _is_aspect(factors[one], of=factors[other]):
            absorbed.add(position + 1)
    return [span for position, span in enumerate(named) if position not in absorbed]


def _without_what_holds_anyway(tokens: Sequence[_Token], named: Sequence[_Span], kit: Kit) -> list[_Span]:
    """Drops a factor of which the topic names the baseline level alone, as a circumstance, beside another factor.

    'Is gradient clipping needed with AdamW?' asks about clipping: every condition uses AdamW anyway.
    """
    baselines = {factor.name: level.name for factor in kit.factors for level in factor.levels if level.is_baseline}
    circumstance = {_stem(word) for word in ("with", "under", "for", "in", "using", "when", "of", "by")}
    given = {
        factor
        for factor, baseline in baselines.items()
        if all(
            span.meaning.levels == (baseline,) and span.first > 0 and tokens[span.first - 1].stem in circumstance
            for span in named
            if span.meaning.factor == factor
        )
    }
    left = [span for span in named if span.meaning.factor not in given]
    return left or list(named)


def _is_aspect(narrow: Factor, *, of: Factor) -> bool:
    """Whether a name of the narrow factor begins with a name of the other, as 'learning rate warm-up' does."""
    names = {_stems(word) for word in of.words}
    return any(stems[:length] in names for stems in map(_stems, narrow.words) for length in range(1, len(stems)))


def _matches(topic: str, tokens: Sequence[_Token], named: Sequence[_Span], kit: Kit) -> tuple[TopicMatch, ...]:
    baselines = {(factor.name, level.name) for factor in kit.factors for level in factor.levels if level.is_baseline}
    levels: dict[Slug, list[Slug]] = {}
    words: dict[Slug, list[str]] = {}
    for span in named:
        factor = span.meaning.factor
        assert factor is not None
        found = levels.setdefault(factor, [])
        asked_for = span.first > 0 and tokens[span.first - 1].stem == "how"  # 'how long a context' names no long context
        if not asked_for:
            found += [level for level in span.meaning.levels if (factor, level) not in baselines and level not in found]
        words.setdefault(factor, []).append(topic[tokens[span.first].start : tokens[span.last].stop])
    return tuple(TopicMatch(factor=factor, levels=tuple(levels[factor]), words=tuple(words[factor])) for factor in levels)


def _is_contest(tokens: Sequence[_Token], named: Sequence[_Span], matches: Sequence[TopicMatch]) -> bool:
    """Whether the first two factors are set against each other: by a word between them, or by 'which … more'."""
    if len(matches) < 2:
        return False
    stems = [token.stem for token in tokens]
    if {"trade", "tradeoff"} & set(stems) or ("which" in stems and {"more", "better", "most"} & set(stems)):
        return True
    plotted = {_stem("against")} if len({_is_quantity(match) for match in matches[:2]}) == 2 else set()
    rivals = {matches[0].factor, matches[1].factor}
    markers = {_stems(marker) for marker in RIVAL_MARKERS}
    for left, right in pairwise(named):
        if {left.meaning.factor, right.meaning.factor} == rivals:
            between = stems[left.last + 1 : right.first]
            if any(window in markers and not plotted & set(window) for window in _windows(between, longest=3)):
                return True
    return False


def _is_quantity(match: TopicMatch) -> bool:
    """'Dropout against data amount' asks for the one at each amount of the other, as a curve is drawn against an axis."""
    return any(token.stem in _QUANTITIES for word in match.words for token in _tokens(word))


def _foreign(topic: str, tokens: Sequence[_Token], spans: Sequence[_Span], named: Sequence[_Span], kit: Kit) -> tuple[str, ...]:
    """The words of the topic that place it outside the kit; empty when it lies inside.

    A technique that no constant of the kit expresses always does. A word of another domain does unless words of the kit's own
    scope stand in the topic too. Where neither those nor any word of machine learning is found, every word that is not a
    question word counts against the topic: 'the width of a bridge' is not about models.
    """

    def written(span: _Span) -> str:
        return topic[tokens[span.first].start : tokens[span.last].stop]

    outside = tuple(written(span) for span in spans if span.meaning.outside)
    general = {_joined(word) for word in MACHINE_LEARNING_WORDS}
    if outside or _holds(tokens, (word for word in (*kit.scope_words, kit.domain) if _joined(word) not in general)):
        return outside
    other_domain = tuple(written(span) for span in spans if span.meaning.foreign)
    if other_domain or _holds(tokens, (*kit.scope_words, *MACHINE_LEARNING_WORDS)):
        return other_domain
    read = {position for span in named for position in range(span.first, span.last + 1)}
    known = {_stem(word) for word in QUESTION_WORDS}
    return tuple(
        topic[token.start : token.stop]
        for position, token in enumerate(tokens)
        if position not in read and token.stem not in known and not token.stem.isdigit()
    )


def _index(kit: Kit) -> dict[str, _Meaning]:
    """Every phrase that is understood, spelt together; a level's words win over its own factor's."""
    index: dict[str, _Meaning] = {}

    def enter(phrases: Iterable[str], meaning: _Meaning) -> None:
        for phrase in phrases:
            key = _joined(phrase)
            known = index.get(key)
            if known is not None and known.factor is not None and known != meaning:
                if known.factor != meaning.factor:
                    raise SettingsError(
                        f"kit {kit.name}: {phrase!r} names {known.factor} and {meaning.factor}; give it to one of them in factors.yaml"
                    )
                if known.levels and meaning.levels:
                    raise SettingsError(
                        f"kit {kit.name}: {phrase!r} names two levels of {known.factor}; give it to one of them in factors.yaml"
                    )
            index[key] = meaning

    own = {_joined(word) for word in kit.scope_words}
    for words in FOREIGN_DOMAINS.values():
        enter((word for word in words if _joined(word) not in own), _Meaning(foreign=True))
    enter(OUTSIDE_TECHNIQUES, _Meaning(outside=True))
    enter(MEANINGLESS_PHRASES, _Meaning())
    for factor in kit.factors:
        enter(factor.words, _Meaning(factor=factor.name))
    for factor in kit.factors:
        for phrases, meaning in _level_words(factor):
            enter(phrases, meaning)
    return index


def _level_words(factor: Factor) -> Iterator[tuple[tuple[str, ...], _Meaning]]:
    for level in factor.levels:
        yield level.words, _Meaning(factor=factor.name, levels=(level.name,))
    for group in factor.groups:
        yield group.words, _Meaning(factor=factor.name, levels=group.levels)


def _longest_first(tokens: Sequence[_Token], index: dict[str, _Meaning]) -> list[_Span]:
    """Phrases of the index in the topic, without overlap, in its order; longer ones are taken first."""
    found: list[tuple[int, _Span]] = []
    for first in range(len(tokens)):
        for last in range(first, min(len(tokens), first + _LONGEST_PHRASE)):
            key = "".join(token.stem for token in tokens[first : last + 1])
            if key in index and (first == last or len(key) >= _SHORTEST_JOINED):
                found.append((len(key), _Span(first, last, index[key])))
    found.sort(key=lambda entry: (-entry[0], entry[1].first))
    taken: set[int] = set()
    spans: list[_Span] = []
    for _, span in found:
        positions = set(range(span.first, span.last + 1))
        if not positions & taken:
            taken |= positions
            spans.append(span)
    return sorted(spans, key=lambda span: span.first)


def _holds(tokens: Sequence[_Token], phrases: Iterable[str]) -> bool:
    """Whether any phrase stands in the topic as whole words."""
    windows = {"".join(window) for window in _windows([token.stem for token in tokens], longest=_LONGEST_PHRASE)}
    return any(_joined(phrase) in windows for phrase in phrases)


def _windows(stems: Sequence[str], *, longest: int) -> Iterator[tuple[str, ...]]:
    for first in range(len(stems)):
        for stop in range(first + 1, min(len(stems), first + longest) + 1):
            yield tuple(stems[first:stop])


def _joined(phrase: str) -> str:
    return "".join(_stems(phrase))


@lru_cache(maxsize=8192)
def _stems(phrase: str) -> tuple[str, ...]:
    """Stems of a phrase of the kit or of this module; remembered, because each topic is compared with all of them."""
    return tuple(token.stem for token in _tokens(phrase))


def _tokens(text: str) -> list[_Token]:
    """Words without articles, stemmed, with their place in the text."""
    # Compatibility folding of single characters keeps the places: '²' is '2', a long dash stays a separator.
    folded = "".join(folded if len(folded := unicodedata.normalize("NFKC", char)) == 1 else char for char in text).lower()
    found = re.finditer(r"[a-z0-9]+(?:['’]s\b)?", folded)
    words = [(match.group().removesuffix("'s").removesuffix("’s"), match.start(), match.end()) for match in found]
    return [_Token(_stem(word), start, stop) for word, start, stop in words if word not in _ARTICLES]


def _stem(word: str) -> str:
    """Singular, in American spelling. Crude on purpose: both sides of every comparison go through it."""
    word = re.sub(r"is(ations?|ed|ers?|es?|ing)$", r"iz\1", word)
    word = re.sub(r"elling$", "eling", word)
    if len(word) <= 3 or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1]
