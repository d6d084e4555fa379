"""Drivers: how a cloud is reached. Each folder's `__init__` is the interface and its contract; inside are its drivers."""
