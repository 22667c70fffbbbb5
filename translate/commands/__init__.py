"""The subcommands of `translate`, one per file. Heavy imports stay inside the functions."""
