"""The client of a Hugging Face hub, as it is used here: one token, one address, no endless waiting."""

import logging
import os
import re
from importlib.metadata import version
from typing import TYPE_CHECKING

import httpx2

from synthetic_textcat.console import terminal
from synthetic_textcat.errors import PublishError
from synthetic_textcat.schemas.dataset_folder import TAG

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_TIMEOUT = httpx2.Timeout(60, connect=15, write=300)  # seconds; the client itself would wait for ever


def connected(endpoint: str) -> "HfApi":
    """The client of the hub at this address, with the token in `HF_TOKEN`; nothing is sent yet.

    Raises:
        PublishError: If the client is not installed or is to stay offline, or there is no token.
    """
    token = _token(endpoint)
    try:
        from huggingface_hub import HfApi, constants, set_client_factory
        from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]
    except ImportError:
        raise PublishError(
            "Publishing needs the extra `publish`, which is not installed. Next: run `pip install -e .[publish]` in "
            "the environment of the project, then the same command"
        ) from None
    if constants.HF_HUB_OFFLINE:
        raise PublishError(
            "HF_HUB_OFFLINE is set, so nothing can be published. Next: unset it, and run publish without evaluate, "
            "which sets it too"
        )
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its warnings name addresses that let others write
    if terminal() is None:
        disable_progress_bars()
    set_client_factory(lambda: httpx2.Client(follow_redirects=True, timeout=_TIMEOUT))
    return HfApi(endpoint=endpoint, token=token, library_name=TAG, library_version=version(TAG))


def _token(endpoint: str) -> str:
    token = os.environ.get("HF_TOKEN", "").strip()
    if not token:
        raise PublishError(
            "HF_TOKEN is not set, so no hub would take the rows. Next: set it to a token that may write "
            f"({endpoint}/settings/tokens), or see with publish.dry_run=true what would be pushed"
        )
    if not re.fullmatch(r"[!-~]+", token):
        raise PublishError("HF_TOKEN holds a character that no token has. Next: set it to the token alone")
    return token
