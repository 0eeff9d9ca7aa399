"""Make `streamer/demo/speech.mp4`, the demo's portrait with four voices in turn, and the times of their sentences, for `streamer bench`.

    apt-get install flite                # the voices
    pip install scikit-image             # the portrait (in the extra `dev`)
    python -m examples.make_bench_speech streamer/demo/speech.mp4

The demo clip's seven sentences are too few for a 95th percentile. Sentences of half a second to five, and pauses that end anywhere
within a chunk of the voice activity detector, as in a conversation.
"""

import sys
from pathlib import Path
from typing import Final

import numpy as np

from examples.make_demo_clip import LEAD_S, ROOM_NOISE_RMS, SAMPLE_RATE_HZ, say, write

VOICES: Final = ("slt", "rms", "awb", "kal16")
PAUSE_S: Final = (0.75, 1.6)
CRF: Final = 34
"""Nobody looks at it, and the package should stay small."""
SENTENCES: Final = (
    "Good morning.",
    "Did you sleep well last night?",
    "Not really, the neighbours were singing until three.",
    "Oh no, again?",
    "Yes, and this time they had brought a drum.",
    "You should talk to them.",
    "I did, and they asked me to sing along.",
    "What did you say?",
    "I said that I only know one song, and that it is about a goat.",
    "That is the funniest thing I have heard all week.",
    "It was not funny at three in the morning.",
    "No.",
    "I can imagine that.",
    "Anyway, is there any coffee left?",
    "There is, but I am afraid it is cold by now.",
    "Cold coffee is better than no coffee.",
    "Wait, did you hear that?",
    "Somebody is at the door.",
    "Please, do not open it.",
    "It is only the postman with your new drum.",
)


def main(path: Path) -> None:
    """Write the recording and, beside it, its times as RTTM."""
    rng = np.random.default_rng(0)
    pieces, lines = [np.zeros(round(LEAD_S * SAMPLE_RATE_HZ), np.float32)], []
    at = len(pieces[0])
    for index, sentence in enumerate(SENTENCES):
        voice = VOICES[index % len(VOICES)]
        spoken = say(sentence, voice)
        pause = np.zeros(round(rng.uniform(*PAUSE_S) * SAMPLE_RATE_HZ), np.float32)
        begin_s, length_s = at / SAMPLE_RATE_HZ, len(spoken) / SAMPLE_RATE_HZ
        lines.append(f"SPEAKER {path.stem} 1 {begin_s:.3f} {length_s:.3f} <NA> <NA> {voice} <NA> <NA>\n")
        pieces += [spoken, pause]
        at += len(spoken) + len(pause)
    track = np.concatenate(pieces)
    track = np.clip(track + rng.normal(0, ROOM_NOISE_RMS, track.shape), -1, 1).astype(np.float32)
    write(path, track, CRF)
    path.with_suffix(".rttm").write_text("".join(lines), encoding="utf-8")
    print(f"{path}: {len(track) / SAMPLE_RATE_HZ:.1f} s, {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m examples.make_bench_speech SPEECH.mp4")
    main(Path(sys.argv[1]))
