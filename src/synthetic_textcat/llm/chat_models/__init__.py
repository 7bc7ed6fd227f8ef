"""Chat models: specification, construction, HTTP clients, and one shape for the answers of all providers."""
