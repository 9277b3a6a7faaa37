"""The Pi's own cameras: `rpicam://0?fps=10&size=640x480`, by the program `rpicam-vid`. Else as `camera`."""

from drivers.footfall.counting import CountingCamera as Model

__all__ = ["Model"]
