"""Batteries, solar chargers and power boards. A value that a device does not send is None, never a guess."""

DEFAULT = "vedirect"
"""The model of a power source whose URI names none."""
