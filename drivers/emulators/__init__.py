"""The other end of each link, written from the manuals and not from the drivers, so that the two can
disagree. Reached from the command line and tests only.
"""
