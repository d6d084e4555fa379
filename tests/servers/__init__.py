"""Real servers for tests: databases and a message broker, in folders of their own, on loopback, ended by process id."""
