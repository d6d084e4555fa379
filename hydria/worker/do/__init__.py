"""How each step is done: one file per driver it uses. Whatever reaches the outside is recorded first and safe to repeat."""
