import type { HostSettings } from "../../registry-options.js";

/** What may be asked with headers. */
interface Asking {
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request to the registry's own port with what its settings add: headers, and which of its registries a mirror is asked for. */
export function ownRequest<T extends Asking>(
  asked: { readonly request: T; readonly url: URL },
  { headers, namespace }: HostSettings,
): { readonly request: T; readonly url: URL } {
  const url = new URL(asked.url);
  if (namespace !== undefined) url.searchParams.set("ns", namespace);
  if (headers === undefined) return { ...asked, url };
  return { request: { ...asked.request, headers: { ...headers, ...asked.request.headers } }, url };
}
