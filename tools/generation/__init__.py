"""Tools about methods that make pictures from noise."""
