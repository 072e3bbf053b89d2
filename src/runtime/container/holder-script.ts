/**
 * What runs in the holder's namespaces, for a POSIX shell. Arguments: where the file system in memory goes, its mount options,
 * those for when it has been filled, `relay` or `inherit` for the standard streams, and the runtime's command line.
 *
 * Descriptors: 3 tells `pid N` when the file system is there and `run` before the runtime starts, 4 is waited on for a line in
 * between, 5 is standard error, which is silent until then. A link `tree` in the file system is the directory that becomes
 * `rootfs`, where that is not in memory itself.
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
 * Starts the script as the second process: the first of a pid namespace gets no signal that it does not handle, and a
 * runtime handles none before it has come up. What follows the call keeps the shell from becoming the script itself.
 */
export const firstProcess: string = 'sh -c "$0" sh "$@"; exit $?';
