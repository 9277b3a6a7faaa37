"""Facts and decisions. Pure: no clock, no chance, no file, no socket, no database; what is needed is passed in."""
