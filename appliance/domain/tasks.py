"""Tasks: what a person has to look at, because it happened in the world and cannot be refused."""

from dataclasses import dataclass
from typing import Literal

from appliance.domain.kernel import STAFF, Ask, Context, Decided, Fact, command, kind, refuse

TaskKind = Literal["open-drawer", "parked-cart", "unknown-card", "card-declined", "negative-stock", "over-capacity"]


@kind("task.raised/1")
class TaskRaised(Fact, frozen=True):
    """Somebody has to do something. ``about``: what it concerns: the drawer that was left open, the cart that
    waits, the sale whose card payment is not known or was declined, the sku that more is gone of than there was, the
    event that has more people inside than the policy allows."""

    task: str
    kind: TaskKind
    about: str


@kind("task.done/1")
class TaskDone(Fact, frozen=True):
    """A person says that it is done."""

    task: str


@dataclass(frozen=True)
class TaskKnown:
    """Whether there is such a task, and whether it is done."""

    there: bool
    done: bool


class FinishTask(Ask, frozen=True):
    """``task``: its id."""

    task: str


@command("task.done", FinishTask, STAFF, at_full="finish")
def finish(ask: FinishTask, known: TaskKnown, ctx: Context) -> Decided:
    """Done is done: a second time changes nothing."""
    if not known.there:
        refuse("not-found", "there is no such task", "Look at the list again.")
    facts = [] if known.done else [TaskDone(task=ask.task)]
    return Decided(facts, {"task": ask.task, "done": True})
