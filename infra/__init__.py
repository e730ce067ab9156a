"""Where LLMReady runs: the CDK app, and the same template on one machine."""
