"""Results of the malware scan."""
