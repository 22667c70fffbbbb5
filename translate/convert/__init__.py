"""Converting pictures, animations and videos with a style."""
