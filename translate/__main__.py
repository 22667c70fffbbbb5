"""`translate`, and `python -m translate`."""

import gc

# Start-up allocates a lot and frees nothing: garbage collection took about a tenth of the time of one conversion.
gc.set_threshold(50_000)

from translate.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
