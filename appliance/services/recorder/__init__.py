"""The one writer. ``engine`` decides and appends, ``server`` listens, ``main`` is the worker."""

from appliance.services.recorder.server import main

__all__ = ["main"]
