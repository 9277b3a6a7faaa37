"""A folder with a guests' page → its content. The folder is read whole or not at all; every fault names file, line or
key, what was found, what to do.

``folder`` reads, ``source`` makes the page of it, with ``prose`` (Markdown) and ``pictures``: an import's work, whose
libraries no worker loads. ``store`` keeps what was made, and is all that the portal and the till need.
"""
