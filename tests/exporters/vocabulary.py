"""A word-piece vocabulary small enough for a test."""

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

_SPECIAL = ("[PAD]", "[unused1]", "[unused2]", "[unused3]", "[UNK]", "[CLS]", "[SEP]")
_WORDS = ("i", "can", "t", "'", "believe", "it", "!", "hello", "hi", "there", ".", "?", "oh", "no", "yes")


def word_pieces() -> Tokenizer:
    """BERT's way of cutting words, with 22 pieces."""
    tokenizer = Tokenizer(WordPiece({piece: i for i, piece in enumerate((*_SPECIAL, *_WORDS))}, unk_token=_SPECIAL[4]))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    return tokenizer
