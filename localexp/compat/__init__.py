"""Azure ML's names over localexp's own, for scripts that were written for that SDK.

``from localexp.compat.core import Experiment, Run, ScriptRunConfig, Workspace`` stands for the same import from
``azureml.core``.
"""
