#!/bin/bash
# Starts munge, a Slurm controller and two nodes on 127.0.0.1 in folder $1, submits the plan's array in $2, kills a worker and then a node,
# waits until the queue is empty, and stops what it started.
D=$(mkdir -p "$1" && cd "$1" && pwd); plan=$2; here=$(cd "$(dirname "$0")" && pwd)
sed "s#@DIR@#$D#g" "$here/slurm.conf.in" > "$D/slurm.conf"; export SLURM_CONF=$D/slurm.conf
mkdir -p "$D/state" "$D/log" "$D/tmp-n1" "$D/tmp-n2"
stop() { for f in "$D"/slurmd-n1.pid "$D"/slurmd-n2.pid "$D"/slurmctld.pid "$D"/munged.pid; do [ -f "$f" ] && kill "$(cat "$f")" 2>/dev/null; done; }
trap stop EXIT
(umask 077; head -c 128 /dev/urandom > "$D/munge.key")
munged --force --key-file="$D/munge.key" --socket="$D/munge.socket" --pid-file="$D/munged.pid" --log-file="$D/log/munged.log" --seed-file="$D/munge.seed" || exit 2
slurmctld -c && slurmd -N n1 && slurmd -N n2 || exit 2
waitfor() { for _ in $(seq "${2:-1200}"); do eval "$1" && return 0; sleep 0.1; done; echo "gave up on: $1"; scancel -u root; tail -n 50 "$plan"/logs/*; exit 3; }
waitfor '[ "$(sinfo -h -N -o "%N %t" 2>/dev/null | grep -c idle)" = 2 ]' 300
"$plan/submit.sh"
workers() { pgrep -f "encode --plan $plan" | while read -r p; do [ "$(cat /proc/$p/comm 2>/dev/null)" = dotnet ] && echo "$p"; done; }
waitfor '[ "$(ls "$plan"/*.tmp 2>/dev/null | wc -l)" -ge 1 ]'
kill -9 $(workers | head -1) && echo "worker killed"
waitfor '[ -n "$(squeue -h -r -t R -w n1 2>/dev/null)" ]'
# A node is lost with all that runs on it: its daemon, the steps, and what those started.
steps=$(pgrep -f "^slurmstepd" | while read -r p; do for c in $(pgrep -P "$p"); do tr '\0' '\n' < "/proc/$c/environ" 2>/dev/null | grep -q "^SLURMD_NODENAME=n1$" && echo "$p"; done; done | sort -u)
kill -9 "$(cat "$D/slurmd-n1.pid")"
for p in $steps; do for c in $(pgrep -P "$p"); do kill -9 $(pgrep -P "$c") "$c" 2>/dev/null; done; kill -9 "$p" 2>/dev/null; done
echo "node lost"
waitfor '[ -z "$(squeue -h -r)" ]'
