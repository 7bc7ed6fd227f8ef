"""No run with a parameter that does not exist, whatever the pipeline."""

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl

from synthetic_textcat.schemas.parameter_check import validate_parameters


class ParameterGate:
    """Checks all parameters against one model before anything else; Kedro checks only the blocks that are used."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Raises ParameterError with one line on the first sight of a wrong key or value."""
        validate_parameters(context.config_loader["parameters"])
