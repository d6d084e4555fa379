"""Migrations, written by `scripts/migration` and kept for good."""
