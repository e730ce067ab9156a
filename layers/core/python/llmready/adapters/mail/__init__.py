"""Implementations of the mail port: SES, SendGrid, or none."""
