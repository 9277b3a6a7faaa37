"""Push buttons for people: a `Press` for each time, short or held."""

DEFAULT = "gpio"
"""The model of a button whose URI names none."""
