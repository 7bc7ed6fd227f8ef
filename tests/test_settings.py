"""Kedro settings: switches of other libraries, set before those are imported."""

import os

import pytest

from synthetic_textcat import settings


@pytest.mark.parametrize("switch", ["DO_NOT_TRACK", "HF_HUB_DISABLE_TELEMETRY", "LITELLM_LOCAL_MODEL_COST_MAP"])
def test_a_library_that_asks_another_host_of_its_own_accord_is_told_not_to(switch: str) -> None:
    assert settings.HOOKS  # importing the settings sets the switches
    assert os.environ[switch]
