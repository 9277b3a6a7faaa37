"""Screens: one Flask app each. They read, format, send commands; they know no device and no worker."""
