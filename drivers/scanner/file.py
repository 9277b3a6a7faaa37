"""Recordings and folders of pictures, `file:///path/video.avi?loop=1`, are looked at as a camera is."""

from drivers.scanner.camera import Model

__all__ = ["Model"]
