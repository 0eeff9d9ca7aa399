"""The model card, written from the manifest: every figure in it was printed by a command."""

from itertools import groupby
from typing import Final

from streamer.bundle import Bundle, Metric

_USE: Final = """\
## Intended use

Live or recorded speech of one person at a time, one estimate per utterance of the emotion that is *expressed* (MELD's seven) and of its
sentiment, for research, for tools that help people notice tone, for interfaces that react to it. Text, voice and face may each be absent.

## Not for

Decisions about people: hiring, policing, schooling, credit, insurance, medicine, border control, advertising to the vulnerable. What is
measured is how an utterance sounds and looks to raters from few cultures, not what anybody feels. In the European Union, inferring
emotions at work and in education is prohibited with few exceptions (Regulation 2024/1689, article 5). Several corpora are licensed for
research or non-commercial use only; see below before any other use of the weights.
"""

_TRAINING: Final = """\
## How it was trained

Each encoder alone, on the corpora of its modality; then the fusion on their frozen embeddings (`training/recipes/small.py` has every
number, `docs/training.md` every command). **No corpus with text, voice and face of one moment was available.** The fusion learned on
tuples matched by label: a real sample of one modality is lent a voice or a face of the same emotion from other corpora, in 45 % of
the cases; in the others a neutral or an arbitrary one, because acted voices and posed faces would otherwise look as if they never
erred. Words are never lent. A modality that is alone is judged by the heads that it was trained under, which the fusion does not change.
Figures on such tuples say that the fusion is sound, not how good it is on real people.

Splits: no speaker (voice) or dialogue (text) is in two of train, calibration and dev; FER2013 does not name its people. Epochs,
temperatures and conformal thresholds were chosen on calibration, never on dev. Contempt counts as disgust, calm as neutral; pictures
whose raters mostly saw no face or an unknown emotion are left out of FERPlus.
"""

_LIMITS: Final = """\
## Known limits

- Text was learned from one American television comedy of 1994-2004, from Reddit, chats and textbook dialogues; text is English only.
- Voices are acted; CREMA-D was re-synthesised from spectrograms. Everyday speech is less expressive, and a voice alone is the weakest sign.
- Faces are 48-pixel grey pictures from the web, mostly frontal; profile, dark and covered faces are much harder than the figures say.
- Fear and disgust are rare in every corpus, and are found least well.
- Human raters of MELD agree only moderately (Fleiss' kappa 0.43): no model can be right more often than its labels.
- Sarcasm is not understood. Prediction sets with several labels (`uncertain`) say where the model knows that it does not know.
"""


def render(bundle: Bundle) -> str:
    """The card in Markdown."""
    manifest = bundle.manifest
    size_mb = sum(bundle.path(name).stat().st_size for name in manifest.files) / 1e6
    parts = [part for part in (manifest.text, manifest.audio, manifest.video) if part]
    lines = [
        f"# Model card: `{manifest.name}`, version {manifest.version}",
        "",
        (
            "Written by `python -m training report`; do not edit. "
            f"Parts: {', '.join(part.name for part in parts)}, {manifest.fusion.name}; {manifest.precision}, {size_mb:.1f} MB."
        ),
        "",
        _USE,
        "## Figures",
        "",
        "On dev splits, which trained and tuned nothing, measured on the exported graphs; in brackets the 95 % bootstrap interval.",
        "",
        *_figures(manifest.metrics),
        _TRAINING,
        "## Corpora",
        "",
        "| corpus | licence | used for |",
        "|---|---|---|",
        *(f"| {c.name} | {c.licence} | {c.use} |" for c in manifest.corpora),
        "| all-MiniLM-L6-v2 (weights) | Apache-2.0 | start of the text encoder |",
        "",
        _LIMITS,
    ]
    return "\n".join(lines)


def _figures(metrics: tuple[Metric, ...]) -> list[str]:
    lines: list[str] = []
    for (data, modalities), group in groupby(metrics, key=lambda m: (m.data, m.modalities)):
        found = list(group)
        lines += [f"**{data}** ({modalities}, n = {found[0].n})", ""]
        lines += [f"- {m.name}: {m.value:.3f}{_interval(m)}" for m in found]
        lines.append("")
    return lines


def _interval(metric: Metric) -> str:
    return "" if metric.low is None or metric.high is None else f" [{metric.low:.3f}, {metric.high:.3f}]"
