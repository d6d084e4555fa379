"""The only package that speaks SQL. One writer per table; tables are derived from the domain."""
