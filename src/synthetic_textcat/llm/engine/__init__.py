"""Engine: concurrent calls on an event loop, with rate limits, a circuit breaker and clean interrupts."""
