"""A camera that looks down on people: `camera:///dev/video0?fps=10&size=640x480`, or a Motion JPEG stream on a FIFO.

Options: `fps` (10) and `size` (640x480), which the camera is asked for; `line=x1,y1,x2,y2`, a counting line in parts of
the picture's width and height, for as long as the lead has set none on the Footfall page. Whoever crosses it to the
right hand of the way from its first end to its second comes in: with the first end on the left it is who walks down in
the picture.

Counters: pictures, dropped (no time for them), damaged, uncounted (seen in a view that cannot be believed), attempts,
losses, stale.
"""

from drivers.footfall.counting import CountingCamera as Model

__all__ = ["Model"]
