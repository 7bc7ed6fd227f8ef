"""Which rows make the pilot."""

import pandas as pd

from synthetic_textcat.hashing import draw


def spread_sample(requests: pd.DataFrame, rows: int, seed: int) -> list[int]:
    """Positions of so many rows, ascending; all of a smaller plan.

    A systematic sample: the plan sorted by task, then language, then by chance (a hash), and every n-th row of it. So
    tasks and languages have the share that they have in the plan, to within a row, and a mean over the sample is one
    over the plan.
    """
    order = requests[["task_id", "language"]].assign(
        chance=[draw(seed, "pilot", request_id) for request_id in requests["request_id"]]
    )
    positions = order.reset_index(drop=True).sort_values(["task_id", "language", "chance"]).index
    taken = min(rows, len(positions))
    step, start = len(positions) / taken, draw(seed, "pilot")
    return sorted(int(positions[int((number + start) * step)]) for number in range(taken))
