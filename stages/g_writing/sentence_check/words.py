"""English words that name a metric, a condition, a setting, a statistic or a direction. A word that is missing costs a refusal."""

from __future__ import annotations

import re

NUMBER_WORDS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty".split()
    )
} | {
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "hundred": 100,
    "thousand": 1000,
    "dozen": 12,
}
ORDINALS = {"second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7}

METRICS: dict[str, tuple[str, ...]] = {
    "accuracy": ("mispredict", "mispredicted", "mispredicts", "mispredictions", "mislabels", "mislabelled", "mislabeled", "misrecognised", "misrecognized", "wrongly", "incorrectly", "wrong", "wrong on", "wrong for", "errs on", "err on", "accuracy", "accurate", "correct", "acc", "error", "error rate", "errors", "errs", "misclassif", "misclassification rate", "misclassifies", "misclassified", "misclassification", "misclassifications", "mistakes"),
    "acc": ("mispredict", "mispredicted", "mispredicts", "mispredictions", "mislabels", "mislabelled", "mislabeled", "misrecognised", "misrecognized", "wrongly", "incorrectly", "wrong", "wrong on", "wrong for", "errs on", "err on", "accuracy", "accurate", "correct", "acc", "error", "error rate", "misclassif", "misclassification rate"),
    "loss": ("loss", "losses"),
    "nll": ("nll", "negative log-likelihood", "negative log likelihood", "log loss", "log-loss", "cross-entropy"),
    "loglik": ("log-likelihood", "log likelihood", "loglik"),
    "likelihood": ("log-likelihood", "log likelihood", "likelihood"),
    "ll": ("log-likelihood", "log likelihood"),
    "hit_rate": ("hit rate", "hit ratio"),
    "ndcg": ("ndcg", "normalised discounted cumulative gain", "normalized discounted cumulative gain"),
    "mrr": ("mrr", "mean reciprocal rank"),
    "cer": ("cer", "character error rate"),
    "per": ("phone error rate", "phoneme error rate"),
    "mape": ("mape", "mean absolute percentage error"),
    "smape": ("smape", "symmetric mean absolute percentage error", "symmetric mape"),
    "mase": ("mase", "mean absolute scaled error"),
    "crps": ("crps", "continuous ranked probability score"),
    "mcc": ("mcc", "matthews correlation coefficient", "matthews correlation"),
    "psnr": ("psnr", "peak signal-to-noise ratio"),
    "ssim": ("ssim", "structural similarity"),
    "dice": ("dice", "dice score", "dice coefficient"),
    "auprc": ("auprc", "area under the precision-recall curve", "average precision"),
    "em": ("exact match",),
    "hd95": ("hd95", "hausdorff distance", "95th-percentile hausdorff distance", "95th percentile hausdorff distance", "95 % hausdorff distance", "95% hausdorff distance", "hausdorff distance (95th percentile)", "hausdorff distance at the 95th percentile", "95th percentile of the hausdorff distance"),
    "assd": ("surface distance", "average surface distance", "average symmetric surface distance", "assd"),
    "rmsd": ("rmsd", "root-mean-square deviation", "root mean square deviation"),
    "nse": ("nse", "nash-sutcliffe efficiency"),
    "eer": ("eer", "equal error rate"),
    "der": ("der", "diarisation error rate", "diarization error rate"),
    "brier": ("brier", "brier score"),
    "pearson": ("pearson correlation", "correlation"),
    "spearman": ("spearman correlation", "rank correlation"),
    "ari": ("adjusted rand index", "ari"),
    "nmi": ("normalised mutual information", "normalized mutual information", "nmi"),
    "cindex": ("concordance index", "c-index"),
    "c_index": ("concordance index", "c-index"),
    "success_rate": ("success rate", "success", "succeeds", "succeed", "succeeded", "solves"),
    "logloss": ("log loss", "log-loss", "logloss", "loss", "cross-entropy"),
    "ppl": ("perplexity", "perplexities", "ppl"),
    "perplexity": ("perplexity", "perplexities", "ppl"),
    "bpb": ("bits per byte", "bpb"),
    "bpc": ("bits per character", "bpc"),
    "return": ("return", "returns", "reward", "rewards"),
    "reward": ("reward", "rewards", "return", "returns"),
    "f1": ("f1", "f-score"),
    "bleu": ("bleu",),
    "rouge": ("rouge",),
    "auc": ("auc", "auroc", "area under the curve", "area under the roc curve"),
    "auroc": ("auc", "auroc", "area under the curve", "area under the roc curve"),
    "fid": ("fid",),
    "wer": ("word error rate", "wer"),
    "mse": ("mean squared error", "mse", "squared error"),
    "rmse": ("rmse", "root mean squared error", "root mean square error"),
    "r2": ("r2", "r^2", "r-squared", "coefficient of determination", "explained variance", "variance explained", "of the variance", "of variance", "explain", "explains"),
    "mae": ("mae", "mean absolute error"),
    "nmae": ("nmae", "normalised mae", "normalized mae", "normalised mean absolute error", "normalized mean absolute error"),
    "nrmse": ("nrmse", "normalised rmse", "normalized rmse", "normalised root mean squared error", "normalized root mean squared error"),
    "precision": ("precision",),
    "recall": ("recall",),
    "miou": ("miou", "mean iou", "mean intersection over union"),
    "iou": ("iou", "intersection over union", "jaccard index"),
    "map": ("mean average precision", "map"),
    "ece": ("expected calibration error", "calibration error", "ece"),
    "latency": ("latency",),
    "memory": ("memory", "footprint"),
    "mem": ("memory", "footprint"),
    "throughput": ("throughput",),
    "tokens_per_s": ("tokens per second", "throughput", "tok/s", "tokens/s", "processes"),
    "images_per_s": ("images per second", "throughput"),
    "samples_per_s": ("samples per second", "throughput"),
    "time": ("training time", "training takes", "takes", "take", "run time", "runtime", "wall-clock", "trains", "wall time", "to train", "duration", "training", "minutes per run", "seconds per run", "fitting", "to fit"),
}  # fmt: skip
"""Last word of a metric's id (or the whole id) -> how a text calls it."""

KINDS_OF_AVERAGES = frozenset({"macro", "micro", "weighted", "avg", "overall", "roc", "detok", "cased", "uncased"})
"""Parts of a metric's id that say how it is averaged or scored; a text may leave them out, but not say others."""
SPLIT_PARTS = {"test": "test", "val": "val", "valid": "val", "validation": "val", "dev": "val", "train": "train", "training": "train"}
"""Parts of a metric's id -> the cases on which it is measured."""
QUALIFIERS = {"test": ("test",), "val": ("validation", "val", "dev", "held-out"), "train": ("training", "train")}
SPEED = ("throughput", "tokens_per_s", "images_per_s", "samples_per_s", "time", "latency")

LONGEST_INPUT = (
    r"(?:max(?:imum|imal)?|history|sequence|input) len(?:gth)?s?", r"(?:truncat|clipp|cropp|capp|limit|restrict|shorten)\w*", r"cut(?: off)?(?= (?:to|at|after))",
    r"(?:histor(?:y|ies)|sequences?|inputs?|sessions?|documents?|sentences?) (?:longer|shorter) than", r"(?:most recent|latest|last) \w+", r"(?:items|tokens|events|clicks) of (?:history|context)", r"histor(?:y|ies)",
)  # fmt: skip
SETTINGS: dict[str, tuple[str, ...]] = {
    "lr": (r"learning rates?", r"step sizes?", r"lr", r"eta"),
    "learning_rate": (r"learning rates?", r"step sizes?", r"lr", r"eta"),
    "weight_decay": (r"weight decay", r"wd", r"(?<!rate )decay", r"lambda"),
    "batch_size": (r"batch(?:es)?(?: size)?(?: of)?", r"minibatch(?:es)?"),
    "epochs": (r"epochs?", r"passes"),
    "steps": (r"(?:\w+ )?steps", r"updates", r"updated", r"iterations"),
    "params": (r"parameters", r"params", r"weights"),
    "n_params": (r"parameters", r"params", r"weights"),
    "n_classes": (r"classes", r"categories", r"class(?= (?:output|softmax|classifi|head|problem|task|label|layer)\w*)"),
    "n_train": (r"(?:train|fit|fitt)(?:ed|ing|s)? on", r"for (?:training|fitting)", r"to (?:train|fit)(?: on)?", r"train(?:ing)? (?:set|split|images|examples|samples|sentences|pairs|points|rows|data|sequences|documents|instances|cases)",),
    "n_val": (r"validat\w+ (?:on|with)", r"for (?:validation|tuning|model selection|early stopping)", r"val(?:idation)? (?:set|split|images|examples|samples|sentences|pairs|points|rows|data|sequences|documents|instances|cases)",),
    "n_test": (r"for (?:testing|the test|evaluation)", r"(?:test|evaluat|scor)(?:ed|e|ing)? on", r"(?:test|held-out) (?:set|split|images|examples|samples|sentences|pairs|points|rows|data|sequences|documents|instances|cases)",),
    "beta1": (r"beta_?\{?1\}?", r"first momentum \w+"),
    "beta2": (r"beta_?\{?2\}?", r"second momentum \w+"),
    "beta": (r"beta",),
    "gamma": (r"discount(?:ed|ing)?(?: factor| rate| by| with)?", r"gamma"),
    "layers": (r"layers?", r"blocks", r"deep"),
    "n_layers": (r"layers?", r"blocks", r"deep"),
    "depth": (r"depth", r"layers?"),
    "heads": (r"(?:attention )?heads?",),
    "n_heads": (r"(?:attention )?heads?",),
    "d_model": (r"width", r"d_model", r"(?:hidden|model|embedding) (?:size|dimension|width)", r"dimensions?", r"wide"),
    "hidden": (r"hidden (?:size|dimension|units|width)", r"width", r"units"),
    "width": (r"width", r"wide", r"channels"),
    "context": (r"tokens (?:long|in length|apiece)", r"context(?: \w+)?", r"windows?", r"sequence length", r"(?<!\d )sequences", r"tokens (?:each|per sequence)", r"token (?:sequences|windows|context)"),
    "seq_len": (r"tokens (?:long|in length|apiece)", r"sequence length", r"windows?", r"context(?: \w+)?", r"sequences"),
    "samples_eval": (r"samples",),
    "n_samples": (r"samples",),
    "lookback": (r"look-?\s?back(?: windows?| length)?",),
    "look_back": (r"look-?\s?back(?: windows?| length)?",),
    "max_len": LONGEST_INPUT,
    "max_length": LONGEST_INPUT,
    "max_seq_len": LONGEST_INPUT,
    "history_len": LONGEST_INPUT,
    "tokens": (r"(?:\w+ )?tokens",),
    "n_tokens": (r"(?:\w+ )?tokens",),
    "episodes_eval": (r"(?:evaluation )?episodes",),
    "episodes": (r"episodes",),
    "dropout": (r"dropout(?: rate)?",),
    "momentum": (r"momentum",),
    "warmup": (r"warm(?:s|ed|ing)?[ -]?up(?: steps)?",),
    "warmup_steps": (r"warm(?:s|ed|ing)?[ -]?up(?: steps)?",),
    "temperature": (r"temperature",),
    "vocab": (r"vocabulary(?: size)?", r"vocab"),
    "vocab_size": (r"vocabulary(?: size)?", r"vocab"),
    "label_smoothing": (r"label smoothing",),
    "clip": (r"clip\w*",),
    "grad_clip": (r"(?:gradient )?clip\w*(?: norm)?(?: of| at)?",),
    "eps": (r"epsilon", r"eps"),
    "tau": (r"tau",),
    "l2": (r"(?:l\u00b7|ell_?\u00b7|squared[- ]norm) ?-?(?:penalty|regulari[sz]ation|regulari[sz]er|coefficient|weight|strength|norm|decay)", r"weight decay"),
    "l1": (r"(?:l\u00b7|ell_?\u00b7) ?-?(?:penalty|regulari[sz]ation|regulari[sz]er|coefficient|weight|strength|norm)",),
    "buffer": (r"(?:replay )?buffer(?: size)?",),
    "buffer_size": (r"(?:replay )?buffer(?: size)?", r"transitions"),
}  # fmt: skip


ADJECTIVE_OF = {"width": "wide", "d_model": "wide", "depth": "deep", "layers": "layer", "n_layers": "layer", "context": "token"}
"""What stands behind a setting's value: 'the 128-wide model'."""
LARGEST_OF = {
    "width": "widest",
    "d_model": "widest",
    "layers": "deepest",
    "depth": "deepest",
    "context": "longest",
    "steps": "longest",
    "params": "largest",
}
SMALLEST_OF = {
    "width": "narrowest",
    "d_model": "narrowest",
    "layers": "shallowest",
    "depth": "shallowest",
    "context": "shortest",
    "steps": "shortest",
    "params": "smallest",
}
"""Superlatives that name the condition with the largest or smallest value of a setting."""
NOT_OF_A_STUDY = re.compile(
    r"\b(?:papers?|users?|participants?|annotators?|raters?|hours?|days?|dollars?|GPUs?|years?|citations?|languages?|datasets?|tasks?|seeds?|runs?|watts?)\b"
)
"""Things of which a configuration holds no number under another name."""


BEHIND = {
    "batch_size": r"sequences (?:of|per)|(?:examples|samples|images) per (?:batch|step|update)",
    "n_train": r"training|train",
    "n_val": r"validation|val",
    "n_test": r"test|held-out",
}
"""Words that name a setting only right behind its number: '5,000 validation and …'."""


def setting_words(key: str) -> tuple[str, ...]:
    """Patterns by which a text names a configuration key; an unknown key is named by its own words."""
    if key in SETTINGS:
        return SETTINGS[key]
    words = key_parts(key)
    stem = re.sub(r"_(?:bytes|tokens|chars|frames|samples|pixels)$", "", key)
    if (bare := re.sub(r"_(?:angstrom|nm|mm|cm|hz|khz|ev|mev|db|deg)$", "", key)) != key:
        return (r"[\s_-]".join(words), r"[\s_-]".join(key_parts(bare)), *SETTINGS.get(bare, ()))  # 'a cutoff of 6.5 \u00c5'
    return ((r"[\s_-]".join(words),) if words else ()) + (SETTINGS.get(stem, ()) if stem != key else ())


def key_parts(key: str) -> list[str]:
    """Patterns of the words of a configuration key, without what only says that it is a number."""
    return [
        SHORT.get(
            word,
            re.escape(word.removesuffix("s" if len(word) < 6 or word[-1] != "e" else "e")) + r"\w*"
            if len(word) > 2
            else re.escape(word),
        )
        for word in key.split("_")
        if word not in {"n", "num", "size", "s"}
    ]


SHORT = {
    "ema": r"(?:ema|moving averag\w*)",     "ft": r"fine-?\s?tun\w*|ft", "aug": r"aug\w*", "reg": r"reg\w*", "norm": r"norm\w*", "lr": r"(?:lr|learning[ -]rate)", "wd": r"(?:wd|weight[ -]decay)",
    "bn": r"(?:bn|batch ?norm\w*)", "ln": r"(?:ln|layer ?norm\w*)", "kd": r"(?:kd|distill\w*)", "init": r"init\w*", "pretrain": r"pre-?train\w*",
    "pretrained": r"pre-?train\w*", "attn": r"att\w*", "emb": r"emb\w*", "pos": r"pos\w*", "warmup": r"warm-?up", "dropout": r"drop-?out", "ens": r"ensemb\w*",
    "opt": r"optim\w*", "sched": r"sched\w*", "const": r"const\w*", "cos": r"cos\w*", "lin": r"lin\w*", "exp": r"exp\w*", "rand": r"rand\w*",
    "large": r"(?:large|larger|big)", "small": r"(?:small|smaller)", "curriculum": r"curricul\w*", "mixup": r"mix-?up",
}  # fmt: skip
"""Abbreviations in the ids of conditions."""
UNIT_PARTS = frozenset(
    {
        "s",
        "ms",
        "gb",
        "mb",
        "kb",
        "pct",
        "percent",
        "sec",
        "seconds",
        "min",
        "hours",
        "h",
        "mean",
        "score",
        "mm",
        "px",
        "cm",
        "km",
        "us",
        "ns",
        "kwh",
        "wh",
        "db",
        "hz",
        "khz",
        "mhz",
        "ev",
        "mev",
        "kcal",
        "kj",
        "mw",
        "deg",
        "usd",
        "ppm",
        "mg",
        "kg",
        "ml",
    }
)

COUNTED_THINGS = {"chars": "characters", "char": "characters", "toks": "tokens", "imgs": "images", "img": "images", "seqs": "sequences", "iters": "iterations", "sents": "sentences",
                  "samps": "samples", "reqs": "requests", "txns": "transactions", "graphs": "graphs", "mols": "molecules", "evts": "events", "ops": "operations"}  # fmt: skip
"""Abbreviated nouns of rates: chars_per_s."""
_BOOSTED = r"(?<![Gg]radient )(?<![Gg]radient-)boosting|(?:extreme )?(?:gradient[- ])?boost(?:ed|ing)[- ](?:decision[- ])?(?:trees?|ensembles?|machines?)|gradient[- ]boosting(?: (?:machines?|model))?|gradient[- ]boosted(?=[- ](?:model|baseline|ensemble|runs?|seeds?))"
_POSITIONAL = r"(?:positional|position) (?:encodings?|embeddings?|information|signals?|codes?|cues?|features?|biases)|positions"
WRITTEN_OUT = {
    "xgb": r"xg-?boost", "lgb": r"light-?gbm", "lgbm": r"light-?gbm",
    "cnn": r"convolutional (?:neural )?(?:networks?|nets?)|conv-?nets?", "rnn": r"recurrent (?:neural )?(?:networks?|nets?)", "gcn": r"graph convolution(?:s|al (?:network|net)s?)?",
    "gnn": r"graph (?:neural )?networks?", "sgdm": r"sgd with (?:nesterov |heavy-ball )?momentum|momentum sgd|stochastic gradient descent with momentum",
    "sgd": r"stochastic gradient descent(?! with)", "ddpm": r"(?:denoising )?diffusion(?: models?)?", "gbm": r"gradient boosting(?: machines?)?", "lasso": r"l1-regulari[sz]ed regression",
    "fno": r"fourier neural operators?", "pinn": r"physics-informed (?:neural )?networks?", "mpnn": r"message[- ]passing (?:neural )?networks?", "swa": r"weight averaging",
    "ema": r"moving averag(?:e|ing)", "ens": r"ensembles?", "kd": r"(?:knowledge )?distill(?:ation|ed|ing)", "qat": r"quanti[sz]ation-aware training", "ptq": r"post-training quanti[sz]ation",
    "rope": r"rotary(?: (?:position\w* )?(?:embedding|encoding)s?| positions?)?", "alibi": r"(?:attention with )?linear biases", "mlp": r"multi-?layer perceptrons?",
    "knn": r"(?:k-)?nearest[- ]neighbou?rs?", "rf": r"random forests?", "gp": r"gaussian process(?:es)?", "vit": r"vision transformers?", "aed": r"attention(?:-based)? encoder-decoders?",
    "svgp": r"(?:sparse |stochastic )?variational (?:gaussian process(?:es)?|gps?)", "relu": r"rectified linear units?", "gelu": r"gaussian error linear units?",
    "rmsnorm": r"root[- ]mean[- ]square (?:layer )?normali[sz]ation|rms normali[sz]ation", "layernorm": r"layer[- ]normali[sz]ation",
    "batchnorm": r"batch[- ]normali[sz]ation", "groupnorm": r"group[- ]normali[sz]ation", "lora": r"low-rank (?:adaptation|adapters?)", "a2c": r"advantage actor-critic",
    "xgboost": _BOOSTED, "gbdt": _BOOSTED, "lightgbm": _BOOSTED, "catboost": _BOOSTED, "ols": r"(?:ordinary )?least squares",
    "logreg": r"logistic regression", "linreg": r"linear regression", "rnnt": r"rnn-t|rnn transducers?|transducers?", "td3": r"twin delayed ddpg", "swiglu": r"gated swish|swish-gated\w*",
    "adamw": r"adam with decoupled weight decay", "resnet": r"residual networks?", "unet": r"u-shaped networks?", "cutmix": r"cut-and-mix", "bpe": r"byte-pair encoding",
    "transducer": r"transducers?|rnn-t", "strided": r"strides?|striding", "cosine": r"cosine(?: (?:schedule|annealing|decay))?",
    "learned": r"learned (?:absolute )?(?:positions?|positional embeddings?|position embeddings?)", "nope": rf"(?:no|without|lacking|lacks|dropping|removing|omitting|discarding|stripped of|deprived of|leaving out|absence of)(?: any| all| the)? (?:(?:explicit|absolute) )?(?:{_POSITIONAL})(?: altogether| entirely| completely)?",
    "mae": r"masked (?:auto-?encod(?:ers?|ing)|image modelling|pre-?training|pre-?trained)(?: pre-?training)?",
    "scratch": r"(?:random(?:ly)? initiali[sz](?:ation|ed)|random(?:ly drawn)? (?:initial )?weights)(?: (?:network|model|variant|run|weights)s?)?|(?:without|no|lacking) (?:any |prior |previous )?pre-?training|(?:is|was|are|were) not pre-?trained|without being pre-?trained",
    "sinusoidal": r"(?:fixed )?sinusoids",
}  # fmt: skip
"""Usual abbreviations in ids whose words' first letters do not spell them -> how a text writes them out."""
HEADS_OF_METHODS = (
    "network", "net", "model", "machine", "memory", "unit", "cost", "date", "policy", "field", "forest", "flow", "process", "classification", "decoder", "encoder",
    "optimi[sz]ation", "gradient", "descent", "averag(?:e|ing)", "sampling", "learning", "search", "tree", "regression", "perceptron", "filter", "attention", "pooling",
    "normali[sz]ation", "encoding", "embedding", "transformer", "autoencoder", "expert", "critic", "optimi[sz]er", "estimation", "estimator", "inference", "squares",
    "weight", "decay", "rate", "loss", "layer", "block", "rule", "first", "time", "algorithm", "adaptation", "annealing", "propagation", "analysis", "clustering", "projection", "transform", "kernel", "system", "out", "gate", "factori[sz]ation", "boosting", "smoothing", "tuning", "masking", "sharing", "scaling", "clipping", "pruning", "warm-?up", "trees", "imputation", "diffusion", "control", "iteration", "selection",
)  # fmt: skip
"""Nouns that end the names of methods: only before one of them do initials spell an abbreviation."""

SEED_NOUNS = r"seeds?|runs?|repetitions?|repeats|trials?|trainings|experiments|initiali[sz]ations|pairs|replicates|(?:paired |per-seed |seed-wise )?differences"

CONDITION_NOUNS = (
    r"conditions?|methods?|variants?|optimi[sz]ers?|models?|agents?|algorithms?|configurations?|approach(?:es)?|systems?|settings?|networks?|architectures?"
    r"|activations?(?: functions?)?|regulari[sz]ers?|encodings?|schemes?|strategies|strategy|candidates?|options?|alternatives?|treatments?|contenders?|competitors?|arms?|techniques?|polic(?:y|ies)|predictors?|classifiers?|learners?|estimators?|heuristics?|recipes?|samplers?|solvers?"
    r"|retrievers|forecasters|students|regressors|encoders|rankers|decoders|compressors|planners|controllers|tokeni[sz]ers|detectors|schedulers|front[- ]ends|rules|regimes|procedures|pipelines|schedules|objectives|loss functions|curricul(?:a|ums?)|backbones?|policies|tokeni[sz]ations?|learning rules|augmentations|augmentation (?:policies|schemes)|initiali[sz]ers|normali[sz]ers|attention (?:variants|mechanisms)|parameteri[sz]ations|formulations|designs|baselines|precisions|bit-?widths|formats|entrants|rivals|opponents"
)

CASE_NOUNS = (
    r"tiles|patches|crops|clips|utterances|recordings|frames|queries|pairs|documents|sentences|paragraphs|passages|questions|molecules|compounds|graphs|nodes|edges|windows|segments|snippets|scans|volumes|slices|records|rows"
    r"|users|items|trajectories|sessions|series|sequences|characters|tokens|words|bytes|images|pictures|photographs|photos|samples|examples|instances|cases|episodes|points|houses|patients|spectra|signals|stations|days|hours|reviews|headlines|articles|chunks|positions|triples|relations|entities|customers|transactions|plates|cells|structures"
)
"""What the cases of a data set are called."""

NUMERIC_UP = r"up (?:from|by)|go(?:es|ing)? up|went up|increas\w*|higher|rise[sn]?|rising|rose|grow\w*|grew|larger|longer|raise[sd]?|above|more|climb\w*|adds?|lengthen\w*|prolong\w*|lift(?:s|ed|ing)?|overhead|extra|additional|exceed\w*"
NUMERIC_DOWN = r"t(?:akes?|ook|aking) off(?= [^,;.]*\d)|(?:remov|trim)\w*(?= (?:about |only |another |a further )?[\d.]+ ?(?:nats|points|bits|percentage points|seconds|ms|s)\b)|t(?:akes?|ook|aking) (?=(?:(?:about|roughly|nearly|almost|a further|another|some|only|just) )*[-\d.]+ ?\S* off\b)|(?:eliminat|remov|avoid|prevent|sav|spar|cut)\w*(?= (?:out |away )?(?:about |roughly |nearly |almost |some |around )?[\d.]+ ?(?:%|per ?cent) of (?:the |all |those )?(?:[\w-]+ ){0,2}?(?:errors?|mistakes|misclassif\w+|misses)\b)|(?<!slow )(?<!slowed )(?<!slows )down (?:from|by|to)|go(?:es|ing)? down|went down|decreas\w*|lower(?:s|ed|ing)?|reduc\w*|drop(?!out)\w*|(?:fall(?:s|en|ing)?|fell)(?! (?:\w+ )?(?:behind|short|between|in between|within|into))|declin\w*|smaller|shorter|less|below|fewer|cut(?:s|ting)?|shrink\w*|sav(?:es|ed|ing)|shorten\w*|trim(?:s|med|ming)?|diminish\w*|slash\w*|shav(?:es?|ed|ing)|shed(?:s|ding)?|undercut(?:s|ting)?|undershoots?|sink(?:s|ing)?|sank"
BETTER = r"out(?:shin|shon|class|do|did|rank|run|scor|pac|strip|play|match|weigh)\w*|edg(?:es?|ed|ing) (?:out|past)|prefer(?:able|red)|trumps?|bests|overtakes?|eclips\w*|improv\w*|gain\w*|better|outperform\w*|beat(?:s|en|ing)?|superior|wins?|advantage|best|ahead|surpass\w*|benefit\w*|buys?|leads?(?! to)|leading(?! to)|favou?rs?|helps(?! to\b)|helped(?! to\b)|pays off|paid off"
WORSE = r"(?:costs?|loses?) (?:(?:about|roughly|only|just|nearly|almost|another|the \w+) ){0,2}?(?:half an?|an?|one|two|three) (?:percentage |accuracy )?points?|(?:costs?|sacrific(?:es?|ed|ing)|forfeit(?:s|ed|ing)?|surrender(?:s|ed|ing)?|conced(?:es?|ed|ing)|relinquish(?:es|ed|ing)?|giv(?:es?|ing) (?:up|away)|gave (?:up|away)) (?:\w+ ){0,3}?\S*\d\S* (?:percentage |accuracy )?points|a loss of (?:\S+ ){0,2}?\S*\d\S* (?:percentage |accuracy )?points|worse(?:ns)?|degrad\w*|hurts?|inferior|underperform\w*|worst|deteriorat\w*|trails?|(?:falls?|fell) (?:\w+ )?short|behind(?! (?:each|every) (?:entry|row|number|value|figure|point|mean|cell|bar|curve))|harms?|loses?|lags?"
FASTER = r"(?<=seconds )(?:earlier|sooner)|(?<=minutes )(?:earlier|sooner)|faster|speed-?up|quicker|speeds|cheaper|less expensive"
SLOWER = r"(?<=seconds )later|(?<=minutes )later|slower|slow(?:s|down)|costlier|more expensive"
NEGATED = r"\b(?:not|no|never|neither|nor|without|cannot|fails? to|n't)\b"

OUR_NAMES = (
    r"our (?:\w+ )?(?:classifier|policy|learner|method|approach|model|variant|system|technique|algorithm|network|agent|pipeline|architecture|setup)|ours|our (?:\w+ )?(?:accuracies|scores|results)(?= |,)|our (?:\w+ )?(?:seeds|runs)|our(?= (?:\w+ ){0,2}?(?:accuracy|loss|error|perplexity|return|throughput|score|seeds?|runs?)\b(?! (?:gain|lead|improvement|advantage)))|the proposed (?:\w+ )?(?:method|approach|model|variant|system|agent|network|technique|algorithm|pipeline|architecture)"
    r"|(?:the )?(?:full|complete) (?:\w+ )?(?:method|model|agent|system|version|variant|configuration|pipeline|setup|architecture|network|approach)|the (?:new )?method"
)
BASELINE_NAMES = r"(?:the )?baseline(?: \w*(?:model|method|network))?|baselines?|the control|the vanilla \w+"

HARDWARE = r"\bGPUs?\b|\bTPUs?\b|\bCPUs?\b|\bA100s?\b|\bH100s?\b|\bH200s?\b|\bV100s?\b|\bT4\b|\bA6000\b|\bRTX\b|\bNVIDIA\b|\bAMD\b|\bIntel\b|\bcores?\b|\b[GT]B\b|\b(?:compute|GPU|CPU|HPC|our|a|the|slurm|computing) clusters?\b|\b(?:compute|GPU|CPU|cluster|cloud|server|slurm|worker|computing)[- ]nodes?\b|\b(?:across|over|on|using) (?:a|one|two|four|eight|several|many|single|\d+|a single) nodes?\b"  # fmt: skip
KINDS_OF_MODELS = frozenset({"CNN", "RNN", "MLP", "DNN", "GNN", "LM", "LLM", "NN", "GAN", "VAE", "SVM"})
"""Abbreviations of whole kinds of models."""
FIELDS = frozenset(
    "ASR NLP NMT MT RL CV ML AI LM LLM QA NER OCR TTS SLU IR MRI EEG ECG CT MD DFT PDE ODE SAT SQL IoT API UCI HPO NAS AutoML TSP VRP QSAR".split()
)
"""Abbreviations of fields and tasks: before a noun they say what it is of, and are neither methods nor metrics."""
OUTSIDE = r"the first (?:to|that)|original (?:paper|work|authors|publication)|prior work|previous(?:ly)? (?:work|reported|published)|reported (?:by|in)|published|literature|state[- ]of[- ]the[- ]art|leaderboard|et al"  # fmt: skip
DATASETS = r"\b(?:MNIST|Fashion-MNIST|ImageNet(?:-\w+)?|SVHN|STL-10|COCO|WikiText(?:-\d+)?|C4|GLUE|SuperGLUE|SQuAD|OpenWebText|The Pile|LAMBADA|PTB|enwik8|text8|Atari|MuJoCo|Hopper\S*|HalfCheetah\S*|Walker\S*|CartPole\S*|LunarLander\S*|Acrobot\S*|Ant-v\d|Humanoid\S*|Breakout|Pong)\b"  # fmt: skip
UNMEASURED = r"(?:stable|consistent(?:ly)?|insensitive|persists?|unaffected) (?:across|over|for|under|to|by) (?!(?:the |all |its |our )?(?:\w+ )?(?:seeds|runs|repetitions|trials|repeats|replicates))|(?:holds?|valid|true|appl(?:y|ies)) (?:for|across|on|to|in) (?:all|every|any|other|most|many) (?!seeds|runs|five|three|four|\d)|(?:by|to) the same (?:relative |absolute )?(?:amount|extent|degree)|robust\w*|(?:label|input|additive) noise|noisy (?:labels|data|inputs|speech)|corruptions?|distribution shifts?|low-data|few-shot|zero-shot|long-tail\w*|(?:class )?imbalance\w*|rare (?:classes|words)|hard (?:examples|classes)|larger (?:models|datasets|data sets|batches)|smaller (?:models|datasets|data sets|batches)|(?:grows|shrinks|increases|decreases) with (?:the )?(?:size|number|amount|length)|generali[sz]es?(?: well| better)?(?= to|\b)|out-of-distribution|transfers? to|transferred to|scales? (?:to|with|well)|scalable|real-world|user study|human (?:raters?|judges?|annotators?|evaluation)|fair(?:er|ness)|interpretable|explainable|production|adversarial\w*|unseen (?:data|domains?|tasks?)|other (?:datasets|data sets|tasks|domains)"
"""Claims for which a study of scores over seeds holds nothing."""
HEDGED = r"may|might|could|can(?:not)?|not|no|whether|unknown|open|untested|future|remains?|would|if|unclear|limit\w*|beyond|left"
RESULT_VERBS = r"reach\w*|attain\w*|obtain\w*|achiev\w*|scores?|gets?|yield\w*|gives?|outperform\w*|improv\w*|reduc\w*|lowers?|beats?|has|have|is|are|needs?|takes?|processes|wins?|runs?|trains?|converge\w*|finish\w*|perform\w*|increases?|surpass\w*|exceeds?|remains?|stays?"  # fmt: skip
NAMES_OF_TESTS = {
    "Wilcoxon", "Cohen", "Student", "Holm", "Welch", "Bonferroni", "Hedges", "Bayes", "Gaussian", "Adam", "Table", "Section", "Figure",
    "Appendix", "Equation", "Eq", "Fig", "CI", "SD", "SE", "Python", "PyTorch", "Numpy", "I", "ANOVA", "Mann", "Whitney", "Greek", "Bernoulli", "Dirichlet", "Poisson", "Euclidean", "Kullback", "Leibler", "Kullback-Leibler", "Frobenius", "Hadamard", "Jacobian",
}  # fmt: skip
