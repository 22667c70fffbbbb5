"""Videos: decoded, converted in segments, put together again."""
