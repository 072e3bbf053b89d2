/**
 * The script, for a POSIX shell, that runs in the holder's namespaces. Arguments: the mount point of the file system in memory,
 * its mount options, those after it has been filled, `relay` or `inherit` for the standard streams, and the runtime's command
 * line.
 *
 * Descriptors: on 3 it writes `pid N` when the file system is mounted and `run` before the runtime starts; from 4 it reads a
 * line in between; 5 is standard error for the runtime. A link `tree` in the file system leads to the directory that becomes
 * `rootfs` if that is not in memory.
 */
export const holderScript: string = `
set -eu
read -r pid rest </proc/self/stat
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t tmpfs -o "$2" oci-enc "$1"
point=$1 filled=$3 streams=$4
shift 4
echo "pid $pid" >&3
read -r go <&4
[ "$go" = go ]
mount -t tmpfs -o "remount,$filled" oci-enc "$point"
if [ -L "$point/tree" ]; then
  mkdir "$point/rootfs"
  mount --bind "$point/tree" "$point/rootfs"
fi
if [ "$streams" = relay ]; then
  exec <"$point/stdin" >"$point/stdout"
  exec 5>"$point/stderr"
fi
echo run >&3
exec 2>&5 3>&- 4<&- 5>&-
exec "$@"
`;

/**
 * Starts the script as the second process: the first one of a pid namespace gets no signal that it does not handle, and a
 * runtime handles none until it is ready. The `exit` keeps the shell from replacing itself with the script.
 */
export const firstProcess: string = 'sh -c "$0" sh "$@"; exit $?';
