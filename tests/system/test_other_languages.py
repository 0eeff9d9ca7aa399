"""Speech that is not English, through the daemon."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.conftest import Ran

POLISH = ("KD0_anger_1", "TP0_fear_1", "WR0_happiness_1", "IC0_sadness_2")


@pytest.mark.data
def test_polish_is_not_read_as_english_says_why_and_its_voice_still_counts(
    run: Callable[..., Ran], shared_data: Path
) -> None:
    paths = [shared_data / "audio" / "nemo" / f"{name}.opus" for name in POLISH]
    ran = run(*(word for path in paths for word in ("--source", path)), "--pace", "fast")
    assert ran.code == 0
    for name in POLISH:
        (said,) = ran.of("utterance", name)
        text, audio = said["modalities"]["text"], said["modalities"]["audio"]
        assert not text["used"]
        assert text["reason"]
        assert audio["used"]
        assert said["emotion"]["set"]
