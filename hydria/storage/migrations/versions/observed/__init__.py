"""From nothing to the tables of what is observed."""
