using System.Globalization;

namespace ResTok.Tool.Plans;

/// <summary>Job scripts for a plan, as <c>restok plan --slurm</c> and <c>--kubernetes</c> write them into its folder; each worker runs the verb.</summary>
internal sealed class JobScripts(PlanFolder folder, string verb)
{
    public const string SlurmFile = "slurm.sh", SubmitFile = "submit.sh", KubernetesFile = "kubernetes.yaml";

    private string Last => (folder.Plan.Workers - 1).ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// A Slurm array of the plan's workers. A worker that fails or is killed is put into the queue again, ten times at most; before its
    /// time is up, or when it is preempted, it gets SIGTERM, ends its batch and is put into the queue again too.
    /// </summary>
    public string Slurm() => $$"""
        #!/bin/bash
        # Made by restok plan --slurm. Submit with submit.sh, which also asks for the merge.
        #SBATCH --job-name=restok
        #SBATCH --array=0-{{Last}}
        #SBATCH --requeue
        #SBATCH --open-mode=append
        #SBATCH --output={{folder.Root}}/logs/%a.txt
        #SBATCH --signal=B:TERM@60
        # Add what your cluster wants, for instance:
        # #SBATCH --gres=gpu:1 --cpus-per-task=8 --mem=16G --time=4:00:00 --partition=gpu
        ${RESTOK:-restok} {{verb}} --plan {{Quote(folder.Root)}} &
        worker=$!
        trap 'kill -TERM $worker 2>/dev/null' TERM
        wait $worker; code=$?
        while kill -0 $worker 2>/dev/null; do wait $worker; code=$?; done
        if [ $code != 0 ] && [ ${SLURM_RESTART_COUNT:-0} -lt 10 ]; then
            echo "exit code $code: into the queue again"
            # By array and task: the number of the array's last task is the array's own, and would put all of them into the queue.
            scontrol requeue ${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID} && sleep 30
        fi
        exit $code

        """;

    /// <summary>What submits the array, and the merge that waits for it.</summary>
    public string Submit() => $$"""
        #!/bin/bash
        # Made by restok plan --slurm. What is missing after all: ./submit.sh --array=$(restok status … says which)
        set -e
        mkdir -p {{Quote(folder.Root)}}/logs
        array=$(sbatch --parsable "$@" {{Quote(folder.Root)}}/{{SlurmFile}})
        merge=$(sbatch --parsable --job-name=restok-merge --dependency=afterok:$array --kill-on-invalid-dep=yes --open-mode=append --output={{Quote(folder.Root)}}/logs/merge.txt \
            --wrap "${RESTOK:-restok} merge {{Quote(folder.Root)}}")
        echo "array $array, merge $merge"

        """;

    /// <summary>An Indexed Job of the plan's workers: each is tried again on its own, and stopping counts against none.</summary>
    /// <param name="image">The container image, with restok in it.</param>
    /// <param name="claim">The volume claim that holds the plan's folder and the data, mounted where they are here.</param>
    public string Kubernetes(string image, string claim) => $$"""
        # Made by restok plan --kubernetes. kubectl apply -f {{KubernetesFile}}; the merge after it: restok merge {{folder.Root}}
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: restok
        spec:
          completionMode: Indexed
          completions: {{folder.Plan.Workers}}
          parallelism: {{folder.Plan.Workers}}
          backoffLimitPerIndex: 10
          maxFailedIndexes: {{folder.Plan.Workers}}
          podFailurePolicy:
            rules:
              - action: Ignore
                onExitCodes:
                  containerName: restok
                  operator: In
                  values: [75]
              - action: Ignore
                onPodConditions:
                  - type: DisruptionTarget
                    status: "True"
          template:
            spec:
              restartPolicy: Never
              terminationGracePeriodSeconds: 60
              containers:
                - name: restok
                  image: {{Yaml(image)}}
                  command: ["restok", "{{verb}}", "--plan", {{Yaml(folder.Root)}}]
                  resources:
                    requests:
                      cpu: "4"
                      memory: 8Gi
                  volumeMounts:
                    - name: data
                      mountPath: {{Yaml(Path.GetDirectoryName(folder.Root) ?? folder.Root)}}
              volumes:
                - name: data
                  persistentVolumeClaim:
                    claimName: {{Yaml(claim)}}

        """;

    private static string Quote(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    private static string Yaml(string text) => System.Text.Json.JsonSerializer.Serialize(text);
}
