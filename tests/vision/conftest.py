"""One thread, as the worker that counts has: what is measured is then the same everywhere."""

import cv2

cv2.setNumThreads(1)
