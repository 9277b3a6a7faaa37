"""Pictures of cameras and recordings, for models that look at them. The rule: OpenCV is imported in `pictures.opencv`
alone, and only when a camera is configured.
"""
