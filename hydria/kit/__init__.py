"""Small pieces that know nothing of load balancing: clock, ids, logs, secrets, settings, retry."""
