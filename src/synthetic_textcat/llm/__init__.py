"""The language model seen as a function: what is asked, how it is asked at speed, and what an answer is worth."""
