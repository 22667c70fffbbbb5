"""How the shipped styles are made: teachers, pairs, judges."""
