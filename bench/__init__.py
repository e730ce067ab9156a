"""Measurements that anyone can repeat; each prints what it measured beside what is demanded."""
