"""Wire formats: bytes ↔ values. The rule: no I/O, no clock, no state beyond the bytes still incomplete."""
