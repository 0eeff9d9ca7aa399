"""Write `docs/accuracy.md`: our figures from the shipped bundle's manifest, published ones from below, the text from `docs/accuracy.in.md`.

python docs/make_accuracy.py            # after every new bundle; `make bundle` does
"""

import sys
from pathlib import Path
from typing import Final, NamedTuple

from streamer import bundle as bundles
from streamer.bundle import Manifest, Metric
from streamer.labels import MODALITIES

DOCS: Final = Path(__file__).parent
UTF8: Final = "utf-8"


class Published(NamedTuple):
    """A figure that somebody else gave."""

    system: str
    figure: float
    """In [0, 1]: weighted F1 on MELD's test split, where not said otherwise."""
    source: str
    """A key of `SOURCES`."""
    note: str = ""


SOURCES: Final = {
    "BiBiER": "LEYA-HSE/BiBiER, README",
    "erc": "tae898/erc, leaderboard in its README",
    "FacialMMT": "FacialMMT, its model card",
    "Hindawi": "Hindawi 6243347, table 3",
    "MiSTER-E": "MiSTER-E, arXiv 2602.23300",
    "TelME": "Yun et al., TelME, arXiv 2401.12987",
    "EmoEUS": "EmoEUS (2026), table 2, as quoted in a public digest: plain fusions of the same features",
    "CREMA-D": "Cao et al., CREMA-D, IEEE Transactions on Affective Computing 5 (2014): what its raters recognised",
    "digest": "quoted in public digests of the papers; not read again in the paper itself",
    "here": "measured in this project's preparation, TF-IDF and logistic regression; `python -m training leak-check` repeats it on dev",
}
"""Where a figure was read; what was only remembered is not here."""

TEXT: Final = (
    Published("always neutral", 0.313, "here", "floor"),
    Published("TF-IDF of words and letters, logistic regression", 0.563, "here", "one utterance"),
    Published("Jina encoder and Mamba", 0.553, "BiBiER"),
    Published("DialogueRNN", 0.570, "digest"),
    Published("DialogueGCN", 0.581, "digest"),
    Published("DAG-ERC", 0.631, "digest"),
    Published("RoBERTa-base", 0.633, "erc", "one utterance"),
    Published("RoBERTa-base", 0.640, "erc", "speaker and two utterances"),
    Published("COSMIC", 0.652, "digest"),
    Published("SACL-LSTM", 0.669, "digest"),
    Published("GPT-4o, no training", 0.636, "digest", "LLM"),
    Published("InstructERC", 0.692, "digest", "LLM of 7 B"),
    Published("PRC-Emo, Qwen3-8B", 0.704, "digest", "LLM of 8 B, five seeds"),
)
SENTIMENT: Final = (
    Published("TF-IDF, logistic regression", 0.627, "here", "text"),
    Published("bcLSTM", 0.667, "Hindawi", "text and sound"),
    Published("DialogueRNN", 0.676, "Hindawi", "text and sound"),
)
AUDIO: Final = (
    Published("EmoThinker, sound alone, MELD test", 0.503, "digest", "weighted F1, LLM"),
    Published("OmniVox, fine-tuned, MELD test", 0.520, "digest", "weighted F1, LLM"),
    Published("GPT-4o-audio, no training, MELD test", 0.513, "digest", "weighted F1, LLM"),
    Published("people who rated CREMA-D by voice alone", 0.409, "CREMA-D", "accuracy, all actors, original sound"),
)
VIDEO: Final = (
    Published("EmoThinker, focus tokens, MELD test", 0.565, "digest", "weighted F1, LLM; far above all others"),
    Published("people who rated CREMA-D by face alone", 0.582, "CREMA-D", "accuracy, films of actors"),
)
MULTIMODAL: Final = (
    Published("MMGCN", 0.587, "digest", "0.583 elsewhere"),
    Published("MM-DFN", 0.595, "digest", "0.587 elsewhere"),
    Published("concatenation of RoBERTa, wav2vec 2.0, CLIP", 0.656, "EmoEUS"),
    Published("attention over the same", 0.658, "EmoEUS"),
    Published("transformer over the same", 0.666, "EmoEUS"),
    Published("M2FNet", 0.667, "digest"),
    Published("FacialMMT", 0.667, "FacialMMT"),
    Published("TelME", 0.674, "TelME"),
    Published("EmoEUS", 0.675, "EmoEUS"),
    Published("MiSTER-E", 0.695, "MiSTER-E", "speech LLM"),
    Published("people who rated CREMA-D by voice and face", 0.636, "CREMA-D", "accuracy; not MELD"),
)


def text(manifest: Manifest) -> str:
    """The whole document."""
    single: dict[str, set[str]] = {m: {m} for m in MODALITIES}
    several = {m.modalities for m in manifest.metrics if "+" in m.modalities}
    of_emotion = "emotion weighted F1"
    recall, right = "emotion unweighted recall", "emotion accuracy"
    parts = {
        "bundle": f"Bundle `{manifest.name}`, version {manifest.version}, {manifest.precision}, recipe `{manifest.recipe}`.",
        "text": _table(manifest, TEXT, single["text"], (of_emotion, "emotion macro F1")),
        "sentiment": _table(manifest, SENTIMENT, single["text"], ("sentiment weighted F1",)),
        "audio": _table(manifest, AUDIO, single["audio"], (recall, of_emotion)),
        "video": _table(manifest, VIDEO, single["video"], (right, recall, of_emotion)),
        "multimodal": _table(manifest, MULTIMODAL, several, (of_emotion,)),
        "sources": "\n".join(f"- {name}: {said}" for name, said in SOURCES.items()),
    }
    whole = (DOCS / "accuracy.in.md").read_text(encoding=UTF8)
    for name, part in parts.items():
        whole = whole.replace(f"{{{{{name}}}}}", part)
    context = getattr(manifest.text.spec, "context_utterances", 0) if manifest.text else 0
    return whole.replace("{{context}}", str(context))


def _table(manifest: Manifest, published: tuple[Published, ...], modalities: set[str], names: tuple[str, ...]) -> str:
    lines = ["| | figure | read in |", "|---|---|---|"]
    lines += [
        f"| {row.system}{f' ({row.note})' if row.note else ''} | {row.figure:.3f} | {row.source} |" for row in published
    ]
    found = {
        (m.modalities, m.data, m.name): m for m in manifest.metrics if m.modalities in modalities and m.name in names
    }
    for metric in found.values():
        what = f"{metric.data}, {metric.split}, n = {metric.n}"
        heard = f"{metric.modalities}: " if len(modalities) > 1 else ""
        lines.append(f"| **`{manifest.name}`**, {heard}{what} ({metric.name}) | {_figure(metric)} | this repository |")
    return "\n".join(lines)


def _figure(metric: Metric) -> str:
    interval = "" if metric.low is None or metric.high is None else f" [{metric.low:.3f}, {metric.high:.3f}]"
    return f"**{metric.value:.3f}**{interval}"


if __name__ == "__main__":
    path = DOCS / "accuracy.md"
    path.write_text(text(bundles.read().manifest), encoding=UTF8)
    sys.stdout.write(f"wrote {path}\n")
