"""A loopback OpenAI-compatible server that answers, fails and stalls as told, and counts what it was asked."""
