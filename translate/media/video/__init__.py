"""Videos: decoded, converted in segments, joined again."""
