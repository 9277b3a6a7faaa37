"""People in the pictures of one camera that stands still: found, followed and counted across lines and in zones,
without a neural network. The rule: values in, values out; no files, no threads, no clock. Only a camera's model and
`boothkit footfall count` import it, and only when they count, since it brings OpenCV along.

`plan`, `lines` and `verdict` know no picture and no OpenCV: what is counted, when somebody has crossed, and how far
that may be believed.
"""
