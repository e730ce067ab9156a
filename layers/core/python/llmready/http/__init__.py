"""HTTP: schemas of requests and answers, the table of errors, and the check of credentials."""
