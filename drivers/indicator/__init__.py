"""Lamps and beepers that tell people what the box thinks: `show` a signal, newest first."""

DEFAULT = "gpio"
"""The model of an indicator whose URI names none."""
