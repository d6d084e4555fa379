"""Machines on one Linux machine: namespaces with a small supervisor as their first process. No daemon, no image."""
