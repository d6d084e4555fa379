"""What controllers and amphorae agree on: documents, REST paths, datagrams, identities. No I/O, no clock."""
