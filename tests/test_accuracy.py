"""The page that sets our figures beside published ones is the one that its script writes from the shipped manifest."""

from pathlib import Path

import msgspec
import pytest

from docs import make_accuracy
from streamer import bundle

PAGE = Path(__file__).parents[1] / "docs" / "accuracy.md"


def test_the_page_is_of_the_shipped_bundle() -> None:
    assert PAGE.read_text() == make_accuracy.text(bundle.read().manifest), "run `python docs/make_accuracy.py`"


def test_every_figure_of_ours_comes_from_the_manifest_and_every_source_is_said() -> None:
    manifest = bundle.read().manifest
    page = make_accuracy.text(msgspec.structs.replace(manifest, metrics=()))
    assert "**`small`**" not in page
    published = [*make_accuracy.TEXT, *make_accuracy.SENTIMENT, *make_accuracy.AUDIO]
    published += [*make_accuracy.VIDEO, *make_accuracy.MULTIMODAL]
    assert {row.source for row in published} == set(make_accuracy.SOURCES)
    assert "{{" not in page


@pytest.mark.parametrize("modality", ["text", "audio", "video", "text+audio+video"])
def test_each_modality_has_a_figure_of_ours(modality: str) -> None:
    assert any(m.modalities == modality for m in bundle.read().manifest.metrics)
