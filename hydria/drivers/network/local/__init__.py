"""Networks on one Linux machine: a namespace with a bridge per network that routes between them. No daemon, no cloud."""
