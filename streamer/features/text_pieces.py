"""Words and the dialogue so far, as the word pieces that a BERT-family encoder reads.

Layout, oldest first:  [CLS] turn earlier words [SEP] turn earlier words [SEP] current words [SEP]
where `turn` is one piece that says whether the earlier speaker is the current one, another, or not known. The current utterance
has token type 1, everything before it type 0. What does not fit is dropped from the oldest end, never from the current words'
beginning: a long current utterance loses its end.
"""

import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from tokenizers import Tokenizer

from streamer.errors import BundleError
from streamer.features.arrays import Int64


class ContextTurn(NamedTuple):
    """One earlier utterance of the dialogue; the speaker may be unknown."""

    speaker: str | None
    text: str


class TextPieces(NamedTuple):
    """Model inputs, each int64 [tokens]."""

    input_ids: Int64
    attention_mask: Int64
    token_type_ids: Int64


class TextSpec(msgspec.Struct, frozen=True, tag_field="kind", tag="word_pieces", forbid_unknown_fields=True):
    """How words become pieces."""

    max_tokens: int = 96
    max_current_tokens: int = 64
    context_utterances: int = 4
    """Earlier utterances that are read; 0 for a bundle that was trained without context."""
    max_context_tokens: int = 24
    """Of each earlier utterance; its end is kept, which is the nearer part."""
    cls_piece: str = "[CLS]"
    sep_piece: str = "[SEP]"
    same_speaker_piece: str = "[unused1]"
    other_speaker_piece: str = "[unused2]"
    unknown_speaker_piece: str = "[unused3]"

    def pieces(
        self, tokenizer: Tokenizer, text: str, *, speaker: str | None = None, context: tuple[ContextTurn, ...] = ()
    ) -> TextPieces:
        """The current `text`, said by `speaker`, after `context` (oldest first)."""
        cls, sep = self._id(tokenizer, self.cls_piece), self._id(tokenizer, self.sep_piece)
        current = [*_ids(tokenizer, text)[: self.max_current_tokens], sep]
        room = self.max_tokens - 1 - len(current)
        earlier: list[int] = []
        for turn in reversed(context[-self.context_utterances :] if self.context_utterances else ()):
            marker = self._id(tokenizer, self._turn_piece(turn.speaker, speaker))
            piece = [marker, *_ids(tokenizer, turn.text)[-self.max_context_tokens :], sep]
            if len(piece) > room:
                break
            earlier = piece + earlier
            room -= len(piece)
        ids = np.array([cls, *earlier, *current], np.int64)
        types = np.zeros_like(ids)
        types[1 + len(earlier) :] = 1
        return TextPieces(ids, np.ones_like(ids), types)

    def _turn_piece(self, earlier: str | None, current: str | None) -> str:
        if earlier is None or current is None:
            return self.unknown_speaker_piece
        return self.same_speaker_piece if earlier == current else self.other_speaker_piece

    @staticmethod
    def _id(tokenizer: Tokenizer, token: str) -> int:
        found: int | None = tokenizer.token_to_id(token)
        if found is None:
            raise BundleError(
                f"tokenizer.json has no piece {token}, which the text spec names: the bundle's files do not belong together"
            )
        return found


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    return list(tokenizer.encode(clean(text), add_special_tokens=False).ids)


_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})


def clean(text: str) -> str:
    """The same words whatever their typography: NFKC, straight quotes, single spaces."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)).strip()


def load_tokenizer(path: Path) -> Tokenizer:
    """The bundle's `tokenizer.json`, with its own truncation and padding off: the spec decides both."""
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as err:  # the library raises bare Exception
        raise BundleError(f"{path}: not a tokenizer file ({err})") from err
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
