"""The bench: a person's hands on the emulated devices. Bytes and pins, no business; the controls are handed in."""
