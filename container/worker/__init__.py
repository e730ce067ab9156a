"""The Fargate task: takes generations from the queues and supervises one crawler process each."""
