"""The server: an HTTP interface and a page over the function that `translate convert` uses."""
