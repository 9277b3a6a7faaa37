"""One worker = one process = one module or folder here; workers never import each other.

What they share: `run` (the loop) and `notify`. On a laptop `supervisor` and `child` start them.
"""
