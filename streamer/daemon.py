"""All sources of one run, in this process or shared out to several, and the one publisher that tells of them."""

import threading
import uuid
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from streamer.asr import fetch_model
from streamer.errors import ConfigError, StageError
from streamer.group import Group, Outcome
from streamer.group_elsewhere import GroupElsewhere, shares
from streamer.publish import Draft, Publisher
from streamer.settings import Settings

if TYPE_CHECKING:
    from streamer.asr import OpenedRecogniser
    from streamer.inference import Model
    from streamer.models_store import OnProgress


class Daemon:
    """Opens everything when it is made, so that what is missing is said before anything runs.

    Raises:
        StreamerError: a source, a device, the bundle, an engine or the address cannot be used; what was opened is closed again.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        model: "Model | None" = None,
        recogniser: "OpenedRecogniser | None" = None,
        on_download: "OnProgress | None" = None,
    ) -> None:
        """Open what the settings name.

        Args:
            settings: Of the whole run.
            model: The bundle of these settings, already loaded, where one process runs many files one after the other.
            recogniser: The same of speech recognition, as `open_recogniser` gave it; comes with a model, and stays open.
            on_download: Told of a speech model that is fetched, which happens only where its engine is named.
        """
        if not settings.source:
            raise ConfigError(
                "source: nothing to listen to; give --camera, --mic, --source or a [[source]] table "
                "(`streamer devices` lists what is here)"
            )
        self.session = uuid.uuid4().hex[:12]
        self._opened = ExitStack()
        with self._opened:
            self._groups = self._open(settings, model, recogniser, on_download)
            # The last that is opened, so that a start that fails leaves no recording behind.
            self.publisher = Publisher(settings.publish, [s.name for s in settings.source], session=self.session)
            self._opened.callback(self.publisher.close)
            self._opened = self._opened.pop_all()

    def run(self, stop: threading.Event) -> list[Outcome]:
        """Until every source has ended, or `stop` is set; then what was captured is still analysed and published."""
        for group in self._groups:
            group.start()
        while not all(group.join(0.1) for group in self._groups):
            if stop.is_set():
                for group in self._groups:
                    group.stop()
        self.publisher.close()
        failure = self.publisher.failure
        unpublished = StageError("publish", failure) if failure is not None else None
        return [
            replace(outcome, error=outcome.error or unpublished)
            for group in self._groups
            for outcome in group.outcomes()
        ]

    def close(self) -> None:
        """Let everything go."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(
        self,
        settings: Settings,
        model: "Model | None",
        recogniser: "OpenedRecogniser | None",
        on_download: "OnProgress | None",
    ) -> "list[Group] | list[GroupElsewhere]":
        of_each = shares(settings)
        if model is not None or len(of_each) == 1:
            group = Group(settings, self._publish, model=model, recogniser=recogniser, on_download=on_download)
            self._opened.callback(group.close)
            return [group]
        fetch_model(settings.asr, device="cpu", offline=settings.offline, on_progress=on_download)
        groups = []
        for share in of_each:
            groups.append(GroupElsewhere(share, self._publish))
            self._opened.callback(groups[-1].close)
        for elsewhere in groups:
            elsewhere.wait_until_open()
        return groups

    def _publish(self, draft: Draft) -> None:
        """For the groups, which are made before the publisher."""
        self.publisher.put(draft)
