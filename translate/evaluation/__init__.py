"""How good a model is: figures of its pictures, and reports of them."""
