"""Registration of the secrets in environment, command line, credentials and catalog, before any other output."""

from contextlib import suppress
from typing import Any

from kedro.config import MissingConfigException
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl

from synthetic_textcat.redaction import learn_command_line, learn_credentials, learn_environment, learn_settings


class LearnSecrets:
    """Fills the registry of secrets, which all later output masks.

    Called before all other hooks, whose errors may quote what is configured: `tryfirst`, and first in the list
    of `settings.py`.
    """

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Registers the secrets of the environment, the command line and the credentials."""
        learn_environment()
        learn_command_line()
        with suppress(MissingConfigException):
            learn_credentials(context.config_loader["credentials"], "")

    @hook_impl(tryfirst=True)
    def after_catalog_created(self, conf_catalog: dict[str, Any], conf_creds: dict[str, Any] | None) -> None:
        """Registers the secrets of the catalog's entries: headers, tokens of storage options, users of addresses."""
        learn_settings(conf_catalog, "")
        learn_credentials(conf_creds or {}, "")
