"""GPIO lines: the board's own through the kernel's character device, or emulated ones that are moved over a socket.

Only this folder knows gpiozero and gpiod; both factories hand their descriptor to the worker's loop, no thread.
"""
