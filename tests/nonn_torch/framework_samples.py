"""Configurations of the authors' interface, ways to change them, and what their example does."""

import copy
import json
from pathlib import Path

import reproductions

CONFIGS = Path(reproductions.__file__).parent / "nonn" / "framework" / "configs"


def published(name="digits"):
    """Return one of the example configurations as plain data."""
    return json.loads((CONFIGS / f"{name}.config").read_text())


def small(images, *changes):
    """Return a configuration for four classes of 8x8 images; changes are (section, fields)."""
    return changed(
        published(),
        ("dataset_configs", {"dataset_root": str(images), "train_val_batch_size": 16}),
        ("base", {"num_classes": 4}),
        ("teacher", {"epochs": 3, "widen_factor": 1}),
        ("student", {"epochs": 3, "batch_size": 16}),
        *changes,
    )


def changed(config, *changes):
    """Return a copy of a configuration with other fields; one that is changed to None goes."""
    config = copy.deepcopy(config)
    for section, fields in changes:
        config[section] |= fields
        for name in [name for name, value in fields.items() if value is None]:
            del config[section][name]
    return config


def written(config, folder):
    """Write a configuration into a folder and return its path."""
    path = folder / "my.config"
    path.write_text(json.dumps(config, indent=2))
    return path


def lay_out_example(folder, epochs):
    """Write the published configuration, for a short training, where the example expects it."""
    short = ("teacher", {"epochs": epochs, "widen_factor": 1}), ("student", {"epochs": epochs})
    path = folder / "configs" / "default.config"
    path.parent.mkdir()
    path.write_text(json.dumps(changed(published(), *short)))


def whole(nonn):
    """Do all that the authors' example does before the deployment."""
    nonn.create_teacher()
    nonn.teacher.execute()
    nonn.create_unified_student()
    nonn.create_student()
    nonn.student.train_model()
