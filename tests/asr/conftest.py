"""A Whisper of random weights that the real engine runs, and the demo clip's voice, whose words are known."""

import json
from pathlib import Path

import pytest

WORDS = 400


def _vocabulary() -> list[str]:
    """Bytes and nonsense words, then the special tokens in the order of an English-only model."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    plain = list(bytes_to_unicode().values())
    plain += [f"Ġword{index}" for index in range(WORDS - len(plain))]
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>"]
    special += ["<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    return plain + special + [f"<|{index * 0.02:.2f}|>" for index in range(1501)]


def _write_tokenizer(folder: Path, vocabulary: list[str]) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokenizer = Tokenizer(models.BPE({token: index for index, token in enumerate(vocabulary)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in vocabulary[WORDS:]])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}), encoding="utf-8"
    )


@pytest.fixture(scope="session")
def tiny_whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `streamer models pull` leaves it: real format, an English-only vocabulary of nonsense, random weights."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    converters = pytest.importorskip("ctranslate2.converters")
    source, folder = tmp_path_factory.mktemp("transformers"), tmp_path_factory.mktemp("models") / "toy"
    vocabulary = _vocabulary()
    torch.manual_seed(0)
    config = transformers.WhisperConfig(
        vocab_size=len(vocabulary),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        init_std=1.0,
        decoder_start_token_id=WORDS + 1,
        bos_token_id=WORDS,
        eos_token_id=WORDS,
        pad_token_id=WORDS,
    )
    model = transformers.WhisperForConditionalGeneration(config)
    model.generation_config.suppress_tokens = []
    model.generation_config.begin_suppress_tokens = []
    model.save_pretrained(source)
    _write_tokenizer(source, vocabulary)
    converters.TransformersConverter(str(source), copy_files=["tokenizer.json"]).convert(
        str(folder), quantization="int8"
    )
    return folder
