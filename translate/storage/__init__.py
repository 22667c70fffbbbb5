"""Files and folders, local and remote: written whole or not at all, locked, found."""
