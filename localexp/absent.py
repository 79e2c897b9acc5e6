"""What Azure ML's SDK has and localexp has not, on purpose: why, and what to use instead.

Nothing but data, imported when such a name is asked for. ``tests/data/azure-ml-gaps.json`` says the same.
"""

from __future__ import annotations

IMPORTS = "imports"
"""Stands among the classes for what is imported from ``azureml.core``, ``azureml.exceptions`` and ``azureml``."""

# Why, what to use instead, and which names of which class this is about.
_GROUPS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "nothing is registered or deployed",
        "files of runs, and tags by which to find them",
        {
            "Run": "register_model",
            "Workspace": "models images webservices",
            IMPORTS: "Model Webservice Image model webservice image",
        },
    ),
    (
        "every run is on this machine",
        "Run.list or experiment.get_runs",
        {"Run": "list_by_compute"},
    ),
    (
        "there are no datasets: data stays where it is",
        "paths among the arguments; what a script writes to outputs/",
        {
            "Run": "input_datasets output_datasets",
            "Workspace": "datastores datasets get_default_datastore set_default_datastore",
            "RunConfiguration": "data_references data datacaches output_data source_directory_data_store",
            IMPORTS: "Dataset Datastore dataset datastore data",
        },
    ),
    (
        "a workspace is found by its folder, of which nobody keeps a list",
        "Workspace.from_config(), Workspace(path)",
        {"Workspace": "get list setup write_config"},
    ),
    (
        "there is no service that would have them",
        "workspace.name, workspace.path, workspace.settings",
        {
            "Workspace": "subscription_id resource_group location sku discovery_url service_context get_details update "
            "tags diagnose_workspace"
        },
    ),
    (
        "deleting a folder needs no library",
        "remove .localexp/",
        {"Workspace": "delete"},
    ),
    (
        "nothing is protected by keys or reached through a network",
        "the permissions of the folder",
        {
            "Workspace": "list_keys sync_keys set_connection list_connections get_connection delete_connection "
            "add_private_endpoint delete_private_endpoint_connection private_endpoints linked_services "
            "update_dependencies",
            IMPORTS: "PrivateEndPoint LinkedService private_endpoint linked_service",
        },
    ),
    (
        "there is nobody to sign in to",
        "nothing: leave auth out",
        {IMPORTS: "authentication"},
    ),
    (
        "secrets are not kept",
        "environment variables, which run.get_secret reads",
        {"Workspace": "get_default_keyvault", IMPORTS: "Keyvault keyvault"},
    ),
    (
        "scripts run on this machine, as whoever submits",
        'target and compute_target are "local", the default',
        {
            "Workspace": "compute_targets get_default_compute_target DEFAULT_CPU_CLUSTER_CONFIGURATION "
            "DEFAULT_CPU_CLUSTER_NAME DEFAULT_GPU_CLUSTER_CONFIGURATION DEFAULT_GPU_CLUSTER_NAME",
            "RunConfiguration": "amlcompute kubernetescompute services auto_cluster_compute_specification priority "
            "credential_passthrough",
            IMPORTS: "ComputeTarget compute compute_target",
        },
    ),
    (
        "an environment is known by its name and version",
        "Environment.get(workspace, name, version)",
        {
            "Environment": "label asset_id",
        },
    ),
    (
        "there is no server of MLflow",
        "run.log",
        {"Workspace": "get_mlflow_tracking_uri"},
    ),
    (
        "what a file says is read once",
        "CondaDependencies(path)",
        {
            "PythonSection": "conda_dependencies_file",
        },
    ),
    (
        "there is no conda",
        "environment.python.interpreter_path of that environment",
        {
            "Environment": "from_existing_conda_environment",
        },
    ),
    (
        "a wheel stays where it is",
        "its path among the requirements",
        {
            "Environment": "add_private_pip_wheel",
        },
    ),
    (
        "an environment is built when a run first wants it",
        "experiment.submit",
        {
            "Environment": "build build_local",
            "RunConfiguration": "auto_prepare_environment",
        },
    ),
    (
        "a script is Python",
        "a command with Rscript",
        {
            "Environment": "r",
        },
    ),
    (
        "a package is added by its name",
        "add_pip_package",
        {
            "CondaDependencies": "add_cntk_package add_tensorflow_pip_package add_tensorflow_conda_package",
        },
    ),
    (
        "there are no packages that nobody has added",
        "nothing: localexp is in every environment",
        {
            "CondaDependencies": "sdk_origin_url get_default_number_of_packages DEFAULT_NUMBER_OF_CONDA_PACKAGES "
            "DEFAULT_NUMBER_OF_PIP_PACKAGES",
        },
    ),
    (
        "nothing runs in a container",
        "a command with docker run",
        {
            "Environment": "from_dockerfile from_docker_image from_docker_build_context get_image_details docker "
            "inferencing_stack_version",
            "RunConfiguration": "docker",
            IMPORTS: "DockerConfiguration DockerSection DEFAULT_CPU_IMAGE DEFAULT_GPU_IMAGE ContainerRegistry "
            "container_registry",
        },
    ),
    (
        "processes of a script meet by MPI, or as those of PyTorch do",
        "MpiConfiguration, PyTorchConfiguration; a command with spark-submit",
        {
            "Environment": "spark databricks",
            "RunConfiguration": "spark hdi tensorflow paralleltask",
            IMPORTS: "TensorflowConfiguration",
        },
    ),
    (
        "every new file is kept; outputs/ and logs/ can be read while the script runs",
        "nothing to set",
        {"HistoryConfiguration": "directories_to_watch"},
    ),
    (
        "submit returns a Run",
        "Run",
        {IMPORTS: "ScriptRun script_run"},
    ),
    (
        "an older name",
        "Environment",
        {IMPORTS: "EnvironmentDefinition"},
    ),
    (
        "there are no sweeps",
        "a loop of experiment.submit, or run.submit_child",
        {
            IMPORTS: "HyperDriveConfig HyperDriveRunConfig PrimaryMetricGoal HyperDriveRun HyperParameterSampling "
            "RandomParameterSampling GridParameterSampling BayesianParameterSampling EarlyTerminationPolicy "
            "BanditPolicy MedianStoppingPolicy TruncationSelectionPolicy NoTerminationPolicy parameter_expressions"
        },
    ),
    (
        "there are neither estimators nor sweeps",
        "a ScriptRunConfig; a loop of experiment.submit",
        {IMPORTS: "train"},
    ),
    (
        "nothing here would raise it",
        "localexp.errors.LocalexpError, the base of all",
        {
            IMPORTS: "TrainingException ProjectSystemException ParallelRunException ActivityCanceledException "
            "AzureMLAggregatedException"
        },
    ),
    (
        "exceptions are in a module of their own",
        "localexp.compat.exceptions",
        {IMPORTS: "ServiceException"},
    ),
    (
        "there is no service to be reached",
        "nothing to catch",
        {IMPORTS: "AuthenticationException DiscoveryUrlNotFoundException WorkspacePrivateEndpointException"},
    ),
    (
        "what it is about is not there",
        "nothing to catch",
        {
            IMPORTS: "ComputeTargetException WebserviceException ModelNotFoundException ModelPathNotFoundException "
            "DatasetTimestampMissingError"
        },
    ),
)

ABSENT: dict[tuple[str, str], tuple[str, str]] = {
    (owner, name): (why, instead)
    for why, instead, owners in _GROUPS
    for owner, names in owners.items()
    for name in names.split()
}
"""Why, and what to use instead, by the class (or ``IMPORTS``) and the name."""
