"""Proofs with a real model, by a real llama.cpp: `make real-model-proof`."""
