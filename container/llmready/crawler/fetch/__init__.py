"""Network access of the crawler; each request passes the same address guard."""
