"""Barcode and QR scanners: one `Scan` for each code, an identical code within 1.5 s once."""

DEFAULT = "serial"
"""The model of a scanner whose URI names none."""
