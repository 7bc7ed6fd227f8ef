"""Configuration loader: `conf/local` is read last in every environment; a file of weights stands for a mapping."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro.config import MissingConfigException, OmegaConfigLoader
from kedro.utils import find_kedro_project

from synthetic_textcat.errors import ConfigurationError, ParameterError

LOCAL = "local"

CONF_SOURCE_VARIABLE = "TEXTCAT_CONF_SOURCE"
"""Variable with a configuration folder, for commands without `--conf-source` (`kedro catalog`, `kedro viz`)."""

VALUE_RESOLVER = "value_in_file"
"""Name of the OmegaConf resolver that `hooks.earlier_run_conf.value_in_file` is."""


class LocalLastConfigLoader(OmegaConfigLoader):
    """Kedro's loader with a third layer: `base`, then the environment, then `local`, then `--params`.

    Kedro reads `local` only where no other environment is named. With a third layer a user's own settings, which are
    never committed, have one place, and hold with `--env openai` too. Layers are merged as Kedro merges base and
    environment: parameters key by key, all else by whole entries. `local` is a subfolder of the configuration that is
    read, so with `--conf-source` the project's own is not read.
    """

    def __getitem__(self, key: str) -> dict[str, Any]:
        """Configuration of one kind, such as `catalog`.

        Raises:
            MissingConfigException: If the environment has no folder, or no layer has a file of this kind.
            KeyError: If the kind is unknown.
            ConfigurationError: With one line for a file that can't be read, or a value without meaning.
            ParameterError: With one line for a fault in a file of weights.
        """
        try:
            found = self._layered(key)
        except (MissingConfigException, KeyError):
            raise
        except Exception as error:
            from synthetic_textcat.config_faults import fault_line  # a faulty file is rare

            line = fault_line(error, self._files(key), key, self.runtime_params or {})
            if line is None:
                raise
            raise ConfigurationError(line) from error
        return self._with_weights(found) if key == "parameters" else found

    def _with_weights(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters with what the files hold that choices of `attribute_sampling` name, for a run to keep.

        Raises:
            ParameterError: With one line for a file that is missing, or what is wrong in it.
        """
        sampling = parameters.get("attribute_sampling")
        if not isinstance(sampling, Mapping) or not _names_a_file(sampling):
            return parameters
        from synthetic_textcat.datasets.fsspec_place import Place, find_place  # such files are rare
        from synthetic_textcat.datasets.weights_file import FolderOfWeights, with_weights

        here = Path(self.conf_source).parent
        project = Path(here if (here / "pyproject.toml").is_file() else find_kedro_project(Path.cwd()) or Path.cwd())

        def locate(path: str) -> tuple[Place, str]:
            return find_place(path if "://" in path else str(project / path)), path

        folder = FolderOfWeights(locate, "below the project", ParameterError)
        return {
            **parameters,
            "attribute_sampling": with_weights(sampling, folder, "Parameter attribute_sampling."),
        }

    def _layered(self, key: str) -> dict[str, Any]:
        environment = self.env or self.default_run_env
        folder = Path(self.conf_source, LOCAL)  # none in an archive or at a URL
        if key in self or environment == LOCAL or not folder.is_dir():
            return super().__getitem__(key)
        try:
            below = super().__getitem__(key)
        except MissingConfigException:
            own = self._own(folder, key)
            if not own or not Path(self.conf_source, environment).is_dir():
                raise
            return own
        return self._laid_over(below, self._own(folder, key), key)

    def _own(self, folder: Path, key: str) -> dict[str, Any]:
        """Content of the `local` folder, with `--params` over its parameters."""
        found: dict[str, Any] = self.load_and_merge_dir_config(
            str(folder), self.config_patterns[key], key, set(), key == "credentials"
        )
        return found

    def _laid_over(self, below: dict[str, Any], own: dict[str, Any], key: str) -> dict[str, Any]:
        if self.merge_strategy.get(key) != "soft":
            return {**below, **own}
        return self._soft_merge(below, own)

    @staticmethod
    def _soft_merge(config: dict[str, Any], env_config: dict[str, Any], env_path: str | None = None) -> dict[str, Any]:  # noqa: ARG004
        """Lays one layer over another, key by key; Kedro's own refuses a mapping over a list, and a list over one."""
        merged: dict[str, Any] = _merged(config, env_config)
        return merged

    def _files(self, key: str) -> list[Path]:
        """Files of this kind in the order of the layers; none in an archive or at a URL."""
        layers = dict.fromkeys((self.base_env, self.env or self.default_run_env, LOCAL))
        found = (
            path
            for layer in layers
            for pattern in self.config_patterns[key]
            for path in sorted(Path(self.conf_source, layer).glob(pattern))
            if self._is_valid_config_path(path)
        )
        return [*dict.fromkeys(found)]


def _names_a_file(choices: Any) -> bool:
    """Whether a text in these choices begins as the name of a file does."""
    if isinstance(choices, Mapping):
        return any(map(_names_a_file, choices.values()))
    return isinstance(choices, str) and choices.lstrip().startswith("@")


def _merged(below: Any, above: Any) -> Any:
    """A value laid over another: mappings key by key; anything else replaces what is below it."""
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    return {**below, **{key: _merged(below.get(key), value) for key, value in above.items()}}
