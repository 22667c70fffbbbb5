"""`translate`, and `python -m translate`."""

import gc

# Starting up allocates much and frees nothing: looking for garbage all the while took about a tenth of one conversion.
gc.set_threshold(50_000)

from translate.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
