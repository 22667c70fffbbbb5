"""From a slow picture-maker, or finished pictures, to a fast style."""
