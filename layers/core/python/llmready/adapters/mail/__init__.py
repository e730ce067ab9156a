"""Providers of mail behind one port: SES, SendGrid, or none."""
