"""The process in which PocketSphinx decodes: run as a script by `sphinx_decoder.py`, never imported.

A process of its own, because the decoder holds Python's interpreter lock while it works, for up to a second where it weighs the words
of a long utterance: in the daemon it would stop the capture.

Standard input carries messages of one letter, a little-endian length and that many bytes:

- `n` forget the voices and the microphone so far: another recording comes
- `b` begin an utterance
- `a` its next samples, 16-bit little-endian
- `p` ask for the words so far
- `e` end it, and ask for its words

Each question is answered by one line of JSON on standard output: a list of `[word, start_s, end_s, posterior]`, in seconds since the
begin; the posterior is null in an answer to `p`.
"""

import json
import os
import struct
import sys
from typing import Any, BinaryIO

import pocketsphinx

HEADER = struct.Struct("<cI")
FRAMES_PER_S = 100
MICROPHONE_MEAN = "45.9,10.7,-3.9,11.4,-5.7,-3.7,-1.7,-8.2,2.3,-3.3,-1.3,0.7,-1.7"
"""Cepstral mean to begin with, until the decoder has heard its own: the median over RAVDESS, CREMA-D and a telephone call."""

_NICE = 5
"""Where many sources speak at once, those who listen come before those who decode: what is late by then has a pause to catch up in."""

Word = tuple[str, float, float, float | None]


def words_of(decoder: Any, *, final: bool) -> list[Word]:
    """The best path so far, without silences and noises."""
    if decoder.hyp() is None:
        return []
    return [
        (
            segment.word.split("(")[0],
            segment.start_frame / FRAMES_PER_S,
            (segment.end_frame + 1) / FRAMES_PER_S,
            segment.prob if final else None,
        )
        for segment in decoder.seg()
        if segment.word[0] not in "<[+"
    ]


def main(requests: BinaryIO, answers: BinaryIO) -> None:
    """Decode until the input ends."""
    os.nice(_NICE)
    decoder = pocketsphinx.Decoder(
        pocketsphinx.Config(
            loglevel="FATAL",
            cmninit=MICROPHONE_MEAN,
            fwdflat=False,  # a second pass over the whole utterance: a third of a second late, for few words
            maxhmmpf=10_000,
            maxwpf=20,  # so that weighing the words takes 10 ms and not 300
        )
    )
    while header := requests.read(HEADER.size):
        letter, length = HEADER.unpack(header)
        payload = requests.read(length)
        if letter == b"n":
            decoder.reinit_feat()  # a fifth of a millisecond; the next words are those of a fresh decoder
        elif letter == b"b":
            decoder.start_utt()
        elif letter == b"a":
            decoder.process_raw(payload, no_search=False, full_utt=False)
        else:
            if letter == b"e":
                decoder.end_utt()
            answers.write(json.dumps(words_of(decoder, final=letter == b"e")).encode() + b"\n")
            answers.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
