"""Seconds as people read them."""


def clock(seconds: float) -> str:
    """Minutes and seconds, `4:05`; hours before them where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
