"""Files for the data plane, and what it cannot do: pure, a tree in and text out. No files, no clock, no settings."""
