import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from streamer.errors import BundleError
from streamer.features import ContextTurn, TextSpec
from streamer.features.text_pieces import clean

WORDS = ["[CLS]", "[SEP]", "[UNK]", "[unused1]", "[unused2]", "[unused3]", "i", "got", "married", "again", "right", "."]


def tokenizer_of(words: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    return tokenizer


TOKENIZER = tokenizer_of(WORDS)


def words(spec: TextSpec, text: str, speaker: str | None = None, *context: ContextTurn) -> list[str]:
    return [WORDS[i] for i in spec.pieces(TOKENIZER, text, speaker=speaker, context=context).input_ids]


def test_a_single_utterance_stands_between_its_marks() -> None:
    assert words(TextSpec(), "right .") == ["[CLS]", "right", ".", "[SEP]"]


def test_earlier_turns_come_first_and_say_whether_the_speaker_is_the_same() -> None:
    context = [ContextTurn("ross", "i got married"), ContextTurn("joey", "again"), ContextTurn(None, ".")]
    assert words(TextSpec(), "right", "joey", *context) == (
        [
            "[CLS]",
            "[unused2]",
            "i",
            "got",
            "married",
            "[SEP]",
            "[unused1]",
            "again",
            "[SEP]",
            "[unused3]",
            ".",
            "[SEP]",
            "right",
            "[SEP]",
        ]
    )


def test_only_the_current_utterance_has_token_type_one() -> None:
    pieces = TextSpec().pieces(TOKENIZER, "right", context=(ContextTurn(None, "again"),))
    assert pieces.token_type_ids.tolist() == [0, 0, 0, 0, 1, 1]


def test_what_does_not_fit_is_dropped_from_the_oldest_end() -> None:
    context = [ContextTurn(None, "i got married"), ContextTurn(None, "again")]
    assert words(TextSpec(max_tokens=7), "right", None, *context) == (
        ["[CLS]", "[unused3]", "again", "[SEP]", "right", "[SEP]"]
    )
    assert words(TextSpec(context_utterances=0), "right", None, *context) == ["[CLS]", "right", "[SEP]"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 60), max_size=6), st.integers(0, 200))
def test_it_never_grows_beyond_its_limit_and_always_ends_with_the_current_words(
    earlier: list[int], current: int
) -> None:
    spec = TextSpec()
    context = tuple(ContextTurn("a", "again " * n) for n in earlier)
    pieces = spec.pieces(TOKENIZER, "right " * current, speaker="a", context=context)
    assert len(pieces.input_ids) <= spec.max_tokens
    assert int(pieces.token_type_ids.sum()) == min(current, spec.max_current_tokens) + 1
    assert len({len(part) for part in pieces}) == 1


def test_typography_does_not_change_the_words() -> None:
    assert clean("I can’t  \n believe “it”…") == 'I can\'t believe "it"...'


def test_a_tokenizer_of_another_bundle_is_refused_by_the_piece_it_lacks() -> None:
    with pytest.raises(BundleError, match=r"no piece \[unused1\]"):
        TextSpec().pieces(tokenizer_of(WORDS[:3]), "right", speaker="a", context=(ContextTurn("a", "right"),))
