"""Measurements, never verdicts: `make bench` prints them, and no test asserts a time."""
