/** `1.2 GiB`, for people. */
export function byteCount(bytes: number): string {
  const unit = units.findLast(({ size }) => bytes >= size);
  return unit === undefined ? `${bytes} B` : `${(bytes / unit.size).toFixed(1)} ${unit.name}`;
}

const units: readonly { readonly name: string; readonly size: number }[] = [
  { name: "KiB", size: 2 ** 10 },
  { name: "MiB", size: 2 ** 20 },
  { name: "GiB", size: 2 ** 30 },
  { name: "TiB", size: 2 ** 40 },
];
