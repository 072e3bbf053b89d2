import type { Progress } from "../../progress.js";
import { printAbsent } from "../plan/absent.js";
import type { ChildPlan, UnreadPlan } from "../plan/plan.js";

/** What a plan leaves named although it is not there. */
export function absentAndKept(plan: ChildPlan): readonly UnreadPlan[] {
  if (plan.kind === "unread") return plan.why === "absent" ? [plan] : [];
  if (plan.kind !== "index") return [];
  return plan.children.filter(({ kept }) => kept).flatMap((child) => absentAndKept(child.plan));
}

/** Warns of it. */
export function warnAbsentManifests(absent: readonly UnreadPlan[], name: string, progress: Progress): void {
  if (absent.length === 0) return;
  const message = `${name} names ${printAbsent(absent)}, and does not have ${absent.length === 1 ? "it" : "them"}`;
  progress({ type: "warning", code: "PLATFORM_ABSENT", message });
}
