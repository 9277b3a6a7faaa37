"""A recording or a folder of pictures, `file:///path/video.avi?loop=1&line=0.1,0.5,0.9,0.5`, counted as a camera is:
each picture, at the time that the recording gives it, so that a replay gives the same.
"""

from drivers.footfall.counting import CountingCamera as Model

__all__ = ["Model"]
