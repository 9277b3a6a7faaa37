"""Counting people through a doorway: `Crossing` events, each with its direction, and what the counter cannot
vouch for.
"""

DEFAULT = "gpio"
"""The model of a footfall counter whose URI names none."""
