"""Which Whisper keeps up with this machine: time for one sentence, on as many threads as one source would have.

    OPENBLAS_NUM_THREADS=1 PYTHONPATH=. python benchmarks/whisper_sizes.py

Networks of the published sizes with random weights, since only tiny.en comes from a package index; time does not depend on the weights, but
on how many tokens are written, so that ten are asked for. The sentence is three seconds of noise. Between the pause at which Whisper
begins and the end of the utterance lie 256 ms.
"""

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

import ctranslate2.converters
import numpy as np
import transformers
from rich.console import Console
from rich.table import Table

from streamer.asr.brief_whisper import BriefWhisper
from streamer.asr.whisper import BEAM_SIZE, COMPUTE_TYPE, Crew
from streamer.messages import SAMPLE_RATE_HZ
from training.pretrained import whisper_weights

SECONDS: Final = 3
TOKENS: Final = 10
REPEATS: Final = 7


class Size(NamedTuple):
    """Of a published Whisper (Radford et al., 2022, table 1)."""

    name: str
    width: int
    layers: int
    heads: int


SIZES: Final = (Size("tiny", 384, 4, 6), Size("base", 512, 6, 8), Size("small", 768, 12, 12))


def write_model(size: Size, folder: Path) -> None:
    """Random weights in CTranslate2's format, with the words of tiny.en."""
    tokenizer = whisper_weights().parent / "tokenizer.json"
    with tempfile.TemporaryDirectory() as source:
        shutil.copy(tokenizer, source)
        (Path(source) / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
        config = transformers.WhisperConfig(
            vocab_size=51_864,
            d_model=size.width,
            encoder_layers=size.layers,
            decoder_layers=size.layers,
            encoder_attention_heads=size.heads,
            decoder_attention_heads=size.heads,
            encoder_ffn_dim=4 * size.width,
            decoder_ffn_dim=4 * size.width,
            decoder_start_token_id=50_257,
            bos_token_id=50_256,
            eos_token_id=50_256,
            pad_token_id=50_256,
        )
        model = transformers.WhisperForConditionalGeneration(config)
        model.generation_config.suppress_tokens = []
        model.generation_config.begin_suppress_tokens = []
        model.save_pretrained(source)
        converter = ctranslate2.converters.TransformersConverter(source, copy_files=["tokenizer.json"])
        converter.convert(str(folder), quantization=COMPUTE_TYPE["cpu"])


def sentence_ms(folder: Path, threads: int) -> float:
    """The median of a few."""
    model = BriefWhisper(
        str(folder), device="cpu", compute_type=COMPUTE_TYPE["cpu"], cpu_threads=threads, local_files_only=True
    )
    sound = (0.1 * np.random.default_rng(0).standard_normal(SECONDS * SAMPLE_RATE_HZ)).astype(np.float32)
    model.hears(sound.shape[0])
    took_ms = []
    for _ in range(REPEATS):
        begin_s = time.perf_counter()
        segments, _ = model.transcribe(
            sound,
            language="en",
            beam_size=BEAM_SIZE["cpu"],
            temperature=0.0,
            without_timestamps=True,
            no_speech_threshold=None,
            log_prob_threshold=None,
            compression_ratio_threshold=None,
            max_new_tokens=TOKENS,
        )
        list(segments)
        took_ms.append((time.perf_counter() - begin_s) * 1000)
    return statistics.median(took_ms)


def main() -> None:
    """Measure and print."""
    threads = Crew.of(sources=1, cores=len(os.sched_getaffinity(0))).threads
    table = Table("Whisper", "ms for a sentence, one thread", f"{threads} threads")
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            write_model(size, Path(folder) / size.name)
            took_ms = [sentence_ms(Path(folder) / size.name, count) for count in (1, threads)]
        table.add_row(size.name, *(f"{took:.0f}" for took in took_ms))
    Console().print(table)


if __name__ == "__main__":
    main()
