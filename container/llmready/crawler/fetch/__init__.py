"""Everything that touches the network; each request passes the same guard."""
