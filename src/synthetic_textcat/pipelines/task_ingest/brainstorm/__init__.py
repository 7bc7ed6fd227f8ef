"""Tasks proposed by the model: rounds of questions, their answers, and the report on them."""
