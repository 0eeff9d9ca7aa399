"""Sentences of our own on which words alone mislead: the model card shows what the text network says of them.

They were written before any network had read them, and none is left out for being answered rightly or wrongly. They are examples, not a
measurement.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from streamer.calibration import Calibration, Decision, decide
from streamer.features import ContextTurn
from streamer.labels import Emotion
from training.embed import embed
from training.evaluate import fuse_alone
from training.progress import Progress
from training.runner import Runner
from training.samples import Sample, emotion_of, implied_sentiment


class Line(NamedTuple):
    """Something said, and how most people would take it."""

    kind: str
    text: str
    meant: Emotion
    before: str = ""
    """What another person said just before."""


LINES: Final = (
    Line("sarcasm", "Oh great, it is raining again. Just what I needed.", "anger"),
    Line("sarcasm", "Wonderful. You broke my phone.", "anger"),
    Line("sarcasm", "Nice parking, genius.", "anger"),
    Line("negation", "I am not happy about this at all.", "anger"),
    Line("negation", "I can't say I was disappointed!", "joy"),
    Line("figure of speech", "Stop it, I'm dying, this is so funny!", "joy"),
    Line("understatement", "Well, that was not the best day of my life.", "sadness"),
    Line("somebody else's feeling", "She told me that she hates her new job.", "neutral"),
    Line("said before", "Fine.", "anger", before="I told everyone your secret."),
    Line("said before", "Really?", "joy", before="You got the job, you start on Monday!"),
    Line("as a small engine writes it", "go away i never want to see you again", "anger"),
    Line("as a small engine writes it", "what is that thing get it away from me", "fear"),
)


class Judged(NamedTuple):
    """A line, and what the network says of it."""

    line: Line
    decision: Decision


def judge_lines(runner: Runner, calibrations: Mapping[str, Calibration], progress: Progress) -> list[Judged]:
    """Every line, heard by the words alone."""
    pool = embed(runner, "text", [_sample(line) for line in LINES], Path("unused"), progress)
    scores = fuse_alone(runner, "text", pool.views[0])
    decisions = decide(scores.emotion_logits, scores.sentiment_logits, calibrations.get("text", Calibration()))
    return [Judged(*pair) for pair in zip(LINES, decisions, strict=True)]


def _sample(line: Line) -> Sample:
    emotion = emotion_of(line.meant)
    return Sample(
        corpus="made",
        key=line.text,
        split="dev",
        emotion=emotion,
        sentiment=implied_sentiment(emotion),
        text=line.text,
        speaker="one",
        context=(ContextTurn("other", line.before),) if line.before else (),
    )
