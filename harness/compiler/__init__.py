"""From a validated plan to dvc.yaml and params.yaml."""
