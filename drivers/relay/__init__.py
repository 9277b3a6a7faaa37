"""Relays that switch a load: `switch` it on or off."""

DEFAULT = "gpio"
"""The model of a relay whose URI names none."""
