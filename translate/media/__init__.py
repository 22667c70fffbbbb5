"""Pictures, animations and videos: decoding, colours, encoding."""
