"""Read models: each module folds facts into its own ``p_*`` tables and offers the questions one may ask of them.

A fold reads no clock, no configuration, no chance, so that a rebuild gives the same tables."""
