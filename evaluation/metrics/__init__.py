"""Automatic metrics: pure, without Django; torch only inside the functions that need it."""
