"""The worker of the scripted day: plays RUN/day.json against the running box, as people with hands would.

Scanner, printer, beams and battery through the bench, sales and exits through the till. A step that decides
something waits until it is decided, so the speed changes how long a day takes and never how it ends. What a journal
shows as done is not done again: commands carry keys made of the day's name and the step's number.
"""

from typing import Any

import msgspec

from appliance import log
from appliance.board import Board
from appliance.errors import ConfigError
from appliance.journal.follow import Wake
from appliance.journal.read import Reader
from appliance.services.context import WorkerContext
from appliance.services.day.hands import Hands
from appliance.services.day.player import DayStopped, Going, Player
from appliance.services.day.script import FILE, Script
from appliance.services.day.watch import Watch
from appliance.services.run import Loop, Timer

logger = log.get("day")

_LOOK_S = 1.0


def main(ctx: WorkerContext) -> int:
    """Play until the day is over, then show its summary until SIGTERM."""
    try:
        script = msgspec.json.decode((ctx.run / FILE).read_bytes(), type=Script)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(f"{ctx.run / FILE}: {error}", remedy="boothkit up --demo --day SPEED") from error
    loop = Loop(ctx.name)
    reader = Reader(ctx.data)
    wake = Wake(ctx.run, ctx.name)
    page = Board(ctx.run, ctx.name)
    watch = Watch(reader, script.name, loop.now)
    player = Player(script, ctx.config, Hands(ctx.run, script.pin), watch, loop.now)
    going: Going | None = None
    timer: Timer | None = None

    def show(**values: Any) -> None:
        summary = watch.summary()
        page.put(step=player.step, of=len(script.steps), waits=player.waits, summary=summary, **values)

    def go() -> None:
        nonlocal going, timer
        wake.drain()
        if timer is not None:
            timer.cancel()
        if going is None:
            return
        try:
            pause = next(going) if watch.read() else _LOOK_S
        except StopIteration:
            going = None
            show(done=True)
            logger.info("day.done", name=script.name, **watch.summary())
        except DayStopped as stopped:
            going = None
            show(state="degraded", reason=str(stopped), remedy=stopped.remedy)
            logger.error("day.stopped", why=str(stopped), remedy=stopped.remedy)
        else:
            timer = loop.call_later(min(pause, _LOOK_S), go)

    def start() -> None:
        nonlocal going
        going = player.play()
        show(state="ready", done=False, name=script.name, speed=script.speed)
        loop.add_reader(wake.fileno(), go)
        loop.every(1.0, show)
        loop.call_later(0, go)

    code = loop.run(start)
    page.put(state="stopping")
    wake.close()
    reader.close()
    return code
