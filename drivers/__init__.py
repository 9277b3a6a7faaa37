"""Devices of the box: bytes and pins in, typed events out.

The rule: `registry → models (printer, scanner, footfall, power, …) → wire → links`. `wire` turns bytes into
values and does no I/O; `links` moves bytes and knows no protocol; a model is one module per kind of device,
found by its name. Drivers do not log, read configuration or know the journal: they keep a state and counters
(`life.py`). Nothing here imports `appliance` or `web`; `emulators/` is the other end of a link and is reached
from the command line and tests only.
"""
