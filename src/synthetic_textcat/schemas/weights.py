"""What may be a weight: of a value, a label or a task, beside the others of its kind."""

LEAST, MOST = 1e-6, 1e9
RANGE = "a number from 0.000001 to 1,000,000,000"


def is_weight(weight: object) -> bool:
    """Whether it is a number in the range; a truth value, which would pass for 0 or 1, is none."""
    return isinstance(weight, int | float) and not isinstance(weight, bool) and LEAST <= weight <= MOST
