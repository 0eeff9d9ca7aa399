"""Recipes are found by name, at two sizes."""

import pytest

from models.network import Network
from training.corpora import CORPORA
from training.errors import TrainingError
from training.recipes import RECIPES, find
from training.stages.unimodal import UnimodalStage


def test_an_unknown_recipe_gets_a_suggestion() -> None:
    with pytest.raises(TrainingError, match="did you mean 'small'"):
        find("smal", "tiny")


def test_a_name_that_is_like_none_gets_the_list() -> None:
    with pytest.raises(TrainingError, match="there are small"):
        find("qqqqqq", "tiny")


@pytest.mark.parametrize("name", RECIPES)
def test_the_smallest_size_of_every_recipe_builds_in_a_moment(name: str) -> None:
    assert sum(p.numel() for p in Network(find(name, "tiny").network).parameters()) < 2_000_000


@pytest.mark.parametrize("name", RECIPES)
def test_every_stage_names_corpora_that_there_are(name: str) -> None:
    for stage in find(name, "full").stages:
        named = (
            stage.corpora
            if isinstance(stage, UnimodalStage)
            else [c for names in stage.corpora.values() for c in names]
        )
        assert set(named) <= set(CORPORA)
