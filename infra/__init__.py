"""The CDK app of LLMReady, and the local system that runs the same template on one machine."""
