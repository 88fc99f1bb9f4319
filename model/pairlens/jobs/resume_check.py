"""Checks that a run can be resumed to the same weights: same config, data, versions and machine."""

from __future__ import annotations

from typing import Any

from pairlens.config.schema import Config
from pairlens.errors import RunError
from pairlens.runs.carried import RECORD
from pairlens.runs.environment import by_role
from pairlens.runs.json_files import Json, settings
from pairlens.runs.names import CARRIED, ENVIRONMENT
from pairlens.runs.run import Run

_MAY_CHANGE = "training.checkpoint."  # does not affect the weights
# Files may have moved: their hashes identify them. The test split plays no part in training.
_PATHS = {"model.embedding.pretrained", *(f"data.{key}" for key in ("train", "dev", "test", *CARRIED.values()))}


def refuse_changes(run: Run, config: Config, environment: Json) -> None:
    """Raises RunError, with a line for each difference, unless config, data, versions and machine are unchanged.

    `environment` is what `describe_environment` returns now.
    """
    began = run.environment()
    if not began:
        raise RunError(
            f"{run.path / ENVIRONMENT}: missing, so nothing is known about the run's start; train again with --force"
        )
    if faults := [
        *_config_faults(run.config(), config, began.get("warm_start") == environment["warm_start"]),
        *_data_faults(by_role(began.get("data"), run.config()), by_role(environment["data"], config)),
        *_carried_faults(began.get(RECORD), environment.get(RECORD), config),
        *_version_faults(began.get("packages"), environment["packages"]),
        *_machine_faults(began, environment),
        *_start_faults(run, began, config, environment),
        *_processor_faults(began.get("processors"), environment["processors"]),
    ]:
        faults.append("--resume continues only with everything unchanged; train again with --force")
        raise RunError("\n".join(f"{run.path}: {fault}" for fault in faults))


def finished_metrics(run: Run, config: Config) -> dict[str, float] | None:
    """The dev metrics of a finished run, empty without a dev split; None if training is not finished."""
    evaluation = run.evaluation()
    if config.data.dev and evaluation is None:
        return None
    checkpoint = run.checkpoint()
    if checkpoint is None or not checkpoint.progress.is_done(config):
        return None
    dev = (evaluation or {}).get("dev", {})
    return {name: float("nan") if value is None else value for name, value in dev.items()}


def _config_faults(began: Config, now: Config, same_origin: bool) -> list[str]:
    old, new = settings(began), settings(now)
    paths = _PATHS | ({"training.warm_start"} if same_origin else set())
    moved = {key for key in paths if old[key] is not None and new[key] is not None}
    faults = [
        f"{key} was {old.get(key)!r} when the run began and is {new.get(key)!r} now; set it back"
        for key in old | new
        if old.get(key) != new.get(key) and key not in moved and not key.startswith(_MAY_CHANGE)
    ]
    if began.training.epochs < now.training.epochs:
        origin = " --set model.embedding.pretrained=null" if now.model.embedding.pretrained else ""
        faults.append(
            "more epochs would have changed the learning rate schedule; to continue from the run's weights, "
            f"add --set training.warm_start=RUN{origin} --output ANOTHER instead of --resume"
        )
    return faults


def _data_faults(old: dict[str, tuple[str, str]], now: dict[str, tuple[str, str]]) -> list[str]:
    """Compare (path, hash) of each data file, by its role."""
    wording = {
        (True, True): "has changed since the run began; put the old file back",
        (True, False): "was read when the run began and is not read now; put it back",
        (False, True): "was not read when the run began; remove it",
    }
    return [
        f"{path} {wording[role in old, role in now]}"
        for role, (path, digest) in (old | now).items()
        if role not in old or role not in now or old[role][1] != digest
    ]


def _carried_faults(began: Any, now: Any, config: Config) -> list[str]:
    """Compare the hashes of vocabulary, tokenizer and classes; a run from before 0.3.0 has no record of them."""
    if not isinstance(began, dict):
        return []
    return [
        f"{getattr(config.data, CARRIED[name])} has changed since the run began; put the old file back"
        for name, digest in (now or {}).items()
        if name in began and began[name] != digest
    ]


def _machine_faults(began: Json, now: Json) -> list[str]:
    """Compare the processor and the environment variables that affect rounding."""
    faults = []
    if began.get("processor", now["processor"]) != now["processor"]:
        faults.append(f"the processor was {began['processor']} when the run began and is {now['processor']} now")
    old, new = began.get("settings"), now["settings"]
    old = old if isinstance(old, dict) else {}
    for name in old | new:
        if old.get(name) != new.get(name):
            was, is_now = (f"{name}={s[name]}" if name in s else f"{name} unset" for s in (old, new))
            faults.append(f"the environment had {was} when the run began and has {is_now} now; set it back")
    return faults


def _start_faults(run: Run, began: Json, config: Config, now: Json) -> list[str]:
    """Compare the run that the weights come from; it no longer matters once there is a checkpoint."""
    if run.has_checkpoint() or began.get("warm_start") == now["warm_start"]:
        return []
    return [f"{config.training.warm_start} has changed since the run began; put the old run back"]


def _version_faults(began: Any, now: dict[str, str]) -> list[str]:
    old = began if isinstance(began, dict) else {}
    return [
        f"{name} was {old.get(name)} when the run began and is {version} now; install {name}=={old.get(name)}"
        for name, version in now.items()
        if old.get(name) != version
    ]


def _processor_faults(began: Any, now: int) -> list[str]:
    """Compare the number of processors: TensorFlow splits large sums among them, which affects rounding."""
    if began in (None, now):
        return []
    return [f"was trained on {began} processors when the run began and would be on {now} now; add --threads {began}"]
