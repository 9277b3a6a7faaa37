"""A scripted event day: who comes, buys and leaves, what breaks, how the sun goes down. One seed, one day.

`plan` draws it, `expected` says by a small model of its own what the box must hold when it is over. Neither looks at
a clock; `at_s` is seconds since the doors opened.
"""

from drivers.emulators.day.outcome import Expected, expected
from drivers.emulators.day.plan import plan
from drivers.emulators.day.steps import Step

__all__ = ["Expected", "Step", "expected", "plan"]
