"""What a stage takes from stages and bundles before it, by what the files hold: trained again, they are something else."""

import hashlib
from pathlib import Path

from streamer.bundle import read, sha256
from training.recipes.recipe import Stage
from training.stages.fusion import FusionStage
from training.stages.unimodal import BEST, UnimodalStage
from training.weights import WEIGHTS


def upstream(run: Path, stage: Stage) -> dict[str, str]:
    """The sha256 of each, by a name for messages. What is not there yet is left out: the stage itself will ask for it.

    Raises:
        BundleError: a bundle whose encoders are kept is damaged or gone.
    """
    found = {
        f"the weights of {name}": sha256(run / name / BEST)
        for name in dict.fromkeys(_stages(stage))
        if (run / name / BEST).is_file()
    }
    return found | (_kept(stage) if isinstance(stage, FusionStage) else {})


def _stages(stage: Stage) -> list[str]:
    match stage:
        case UnimodalStage():
            own = [stage.start] if stage.start and stage.start not in WEIGHTS else []
            return own + ([stage.teacher.stage] if stage.teacher else [])
        case FusionStage():
            sources = [source for modality, source in stage.encoders.items() if modality not in stage.kept]
            return [name for source in sources for name in ((source,) if isinstance(source, str) else source)]
        case _:
            return []


def _kept(stage: FusionStage) -> dict[str, str]:
    """Its encoder's graph, and the fusion's, which holds the heads; not the manifest, which takes new figures when they are measured."""
    found = {}
    for modality, folder in stage.kept.items():
        manifest = read(folder).manifest
        both = "".join(manifest.sha256[file] for name, file in manifest.graphs.items() if name in (modality, "fusion"))
        found[f"the graphs of the kept {modality}"] = hashlib.sha256(both.encode()).hexdigest()
    return found
