"""The journal: the truth, and the only place that knows its bytes. Nothing here knows what a fact means."""
