"""From nothing to the tables of intent."""
