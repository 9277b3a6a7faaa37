"""The command line: one module a command word, each with a click command named ``command``; imported only when it is
called."""
