/** The result of one check of a node. */
export interface NodeFinding {
  readonly what:
    | "containerd"
    | "docker"
    | "crio"
    | "processors"
    | "decoder"
    | "pull"
    | "content"
    | "verifier"
    | "keys"
    | "providers"
    | "runtime";
  readonly verdict: "good" | "warning" | "wrong";
  readonly message: string;
  /** How to repair it; undefined when that is not necessary. */
  readonly remedy: string | undefined;
}

/** What is as it should be. */
export function good(what: NodeFinding["what"], message: string): NodeFinding {
  return { what, verdict: "good", message, remedy: undefined };
}

/** What may be meant so, and what works in part. */
export function warning(what: NodeFinding["what"], message: string, remedy: string): NodeFinding {
  return { what, verdict: "warning", message, remedy };
}

/** What keeps encrypted images from running, or lets in what should stay out. */
export function wrong(what: NodeFinding["what"], message: string, remedy: string): NodeFinding {
  return { what, verdict: "wrong", message, remedy };
}
