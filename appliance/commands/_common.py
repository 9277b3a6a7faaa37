"""What commands share: ``--config``, ``--data``, ``--json``, and how they reach the recorder."""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from appliance import config as configuration
from appliance.config import Config
from appliance.errors import Problem, RecorderDown
from appliance.ids import new_id
from appliance.journal import wire
from appliance.journal.client import Answer, RecorderClient
from appliance.owner import as_owner
from appliance.services.context import box_id, default_run

if TYPE_CHECKING:
    from appliance.domain.events import Event

ACTOR = "admin:cli"


@dataclass(frozen=True)
class Box:
    """The box that a command is about."""

    config_path: Path | None
    data: Path
    json: bool

    @functools.cached_property
    def config(self) -> Config:
        """Its configuration: the file that was named, else what the last ``up`` resolved, else the usual places."""
        resolved = self.run / "config.json"
        named = configuration.find(self.config_path) if self.config_path or not resolved.is_file() else resolved
        return configuration.load(named)

    @property
    def run(self) -> Path:
        """Its run folder."""
        return default_run(self.data)

    def event(self) -> "Event | None":
        """Its newest event; None before the first, also while there is no journal."""
        from appliance.journal.read import Reader
        from appliance.projections import events

        if not (self.data / "journal.db").exists():
            return None
        reader = Reader(self.data)
        try:
            return events.current(reader.db())
        finally:
            reader.close()

    def out(self, answer: dict[str, Any] | list[Any], text: str | None = None) -> None:
        """Print an answer: JSON when asked for, else the text."""
        if self.json or text is None:
            click.echo(json.dumps(answer, ensure_ascii=False))
        else:
            click.echo(text)

    def send(self, command: str, data: dict[str, Any], *, id: str | None = None) -> Answer:
        """Have a command decided by the running recorder, or by one of our own under the journal's lock when none
        runs."""
        with self.recorder() as send:
            return send(command, data, id or new_id("cli-"))

    def recorder(self) -> "Recorder":
        """A recorder for several commands; use it as a context manager."""
        return Recorder(self)


Send = Callable[[str, dict[str, Any], str], Answer]


class Recorder:
    """The running recorder, else one in this process for as long as the context lasts."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._close: list[Callable[[], None]] = []

    def __enter__(self) -> Send:
        box = self._box
        client = RecorderClient(box.run, "admin", timeout=30)
        if wire.socket_path(box.run, "admin").exists():
            try:
                client.send("hello", {}, actor=ACTOR, id="hello")
            except RecorderDown:
                client.close()
            except Problem:
                pass
            else:
                self._close.append(client.close)
                return lambda command, data, id: client.send(command, data, actor=ACTOR, id=id)
        return self._own()

    def _own(self) -> Send:
        from appliance.clock import system_clock
        from appliance.domain import kernel
        from appliance.projections import registry
        from appliance.services.recorder.engine import Engine, Request
        from appliance.services.recorder.server import lock

        box, clock = self._box, system_clock(self._box.config.clock.trust, self._box.run)
        kernel.discover()  # now: the owner of the data may not be able to read this Python
        registry.projections()
        with as_owner(box.data):
            handle = lock(box.data)
            self._close.append(handle.close)
            engine = Engine(box.data, box.config, clock, box_id(box.config, box.data))
            self._close.append(engine.close)

        def send(command: str, data: dict[str, Any], id: str) -> Answer:
            with as_owner(box.data):
                reply = engine.execute([Request("admin", id, command, ACTOR, data)])[0]
            if not reply["ok"]:
                refusal = dict(reply["refusal"])
                raise Problem(refusal.pop("slug"), refusal.pop("detail"), refusal.pop("remedy", ""), **refusal)
            first, last = reply["positions"] or (None, None)
            return Answer(reply["answer"], first, last)

        return send

    def __exit__(self, *_: object) -> None:
        with as_owner(self._box.data):
            for close in reversed(self._close):
                close()


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its ``box`` from ``--config``, ``--data`` and ``--json``."""

    @click.option("--config", type=click.Path(path_type=Path), envvar="BOOTHKIT_CONFIG", help="The configuration file.")
    @click.option(
        "--data",
        type=click.Path(path_type=Path, readable=False),  # on a box others may only pass through it
        envvar="BOOTHKIT_DATA",
        default=configuration.DEFAULT_DATA,
        show_default=True,
        help="The box's data folder.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
    @functools.wraps(function)
    def wrapped(*args: Any, config: Path | None, data: Path, as_json: bool, **kwargs: Any) -> Any:
        return function(Box(config, data, as_json), *args, **kwargs)

    return wrapped
