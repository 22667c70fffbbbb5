"""The subcommands of `translate`, one a file. Heavy imports stay inside the functions."""
