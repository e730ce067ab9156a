"""Which pages belong to the site, and which one comes next."""
