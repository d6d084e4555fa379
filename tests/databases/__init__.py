"""What only real databases and real processes show: torn reads, lost updates, deadlocks, servers that go away."""
