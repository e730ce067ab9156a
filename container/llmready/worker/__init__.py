"""The Fargate task: takes generations from the queues and supervises a crawler process for each."""
