"""Copies of a box that another box can become: made while it works, sealed with the lead's passphrase, checked before
they count. Knows no process, no screen and no network; what is written here is written for somebody else to read."""
