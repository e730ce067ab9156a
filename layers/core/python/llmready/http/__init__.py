"""HTTP: the shapes of requests and answers, the one error table, the check of tokens."""
