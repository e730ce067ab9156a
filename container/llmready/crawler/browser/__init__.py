"""Render pages in Chromium, and the proxy through which it reaches the network."""
