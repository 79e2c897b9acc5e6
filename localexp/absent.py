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
        "environments are not kept by name",
        "an Environment in the script that submits",
        {
            "Workspace": "environments",
            "Environment": "register get list label clone asset_id save_to_directory load_from_directory",
        },
    ),
    (
        "there is no server of MLflow",
        "run.log",
        {"Workspace": "get_mlflow_tracking_uri"},
    ),
    (
        "no environments are built",
        "environment.python.interpreter_path of one that has the packages",
        {
            "PythonSection": "conda_dependencies_file",
            "Environment": "from_conda_specification from_existing_conda_environment from_pip_requirements "
            "add_private_pip_wheel build build_local version r",
            "RunConfiguration": "auto_prepare_environment",
            IMPORTS: "CondaDependencies conda_dependencies",
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
        "a run is one process of this machine",
        "a command with torchrun, mpirun or spark-submit",
        {
            "Environment": "spark databricks",
            "RunConfiguration": "spark hdi tensorflow mpi pytorch paralleltask",
            IMPORTS: "MpiConfiguration PyTorchConfiguration TensorflowConfiguration",
        },
    ),
    (
        "every new file is kept; outputs/ and logs/ can be read while the script runs",
        "nothing to set",
        {"HistoryConfiguration": "directories_to_watch"},
    ),
    (
        "configurations are not kept in files",
        "a Python function that makes one",
        {"RunConfiguration": "save load delete"},
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
        "a notebook shows a run by itself",
        "the run, as the last line of a cell",
        {IMPORTS: "widgets"},
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
