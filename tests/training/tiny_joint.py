"""A recipe of the smallest parts that a `JointStage` can train, on the mini-MELD."""

from models.audio.mel_cnn import MelCnn
from models.fusion.gated import Gated
from models.network import Encoding, NetworkConfig
from models.text.bert import Bert
from models.video.face_cnn import FaceCnn
from streamer.features import FaceCropSpec, LogMelSpec, TextSpec
from training.loop import LoopConfig
from training.recipes.parts import NARROW
from training.recipes.recipe import Recipe
from training.stages.joint import JointStage

NETWORK = NetworkConfig(
    {
        "text": Encoding(
            TextSpec(max_tokens=32), Bert(width=8, hidden=8, layers=1, heads=2, intermediate=16, dropout=0.0)
        ),
        "audio": Encoding(LogMelSpec(), MelCnn(width=8, channels=(4, 4, 8, 8), temporal=8, dropout=0.0)),
        "video": Encoding(FaceCropSpec(max_crops=4), FaceCnn(width=8, channels=(NARROW,) * 2, dropout=0.0)),
    },
    Gated(hidden=8, dropout=0.0),
)
LOOP = LoopConfig(epochs=2, batch_size=4, learning_rate=1e-2, bf16=False)
STAGE = JointStage(loop=LOOP)


def recipe(stage: JointStage = STAGE) -> Recipe:
    return Recipe(name="made", version="1", size="tiny", network=NETWORK, stages=(stage,))
