import type { AttachmentReport } from "../../../doors/sign.js";
import { listTransports } from "../../../transport/references.js";
import { onlyEndpoint, sourceFlags } from "../../options/registry/endpoints.js";
import { tableWidth, wide } from "../../options/wide.js";
import { printable } from "../../output/printable.js";
import { digestCell } from "../../output/tables/cells.js";
import { type Column, table } from "../../output/tables/table.js";
import type { Command } from "../command.js";

const columns: readonly Column[] = [
  { heading: "SUBJECT", align: "left", gap: 0 },
  { heading: "KIND", align: "left", gap: 2 },
  { heading: "DIGEST", align: "left", gap: 2 },
  { heading: "UNVERIFIED", align: "left", gap: 2 },
];

/** `signatures IMAGE`. */
export const signatures: Command = {
  arguments: [{ name: "IMAGE", names: "image", about: listTransports(({ encrypted }) => encrypted) }],
  flags: [...sourceFlags, wide],
  examples: ["oci-enc signatures docker://registry.example/app:1-enc", "oci-enc signatures --json oci-archive:app.tar"],
  async run(invocation) {
    const { progress, signal } = invocation;
    const { listImageSignatures } = await import("../../../doors/sign.js");
    const source = await onlyEndpoint(invocation);
    const report = await listImageSignatures(invocation.arguments[0] ?? "", { source, progress, signal });
    if (report.attachments.length === 0) invocation.info(`${report.reference} has no signatures or other attachments`);
    return {
      kind: "report",
      document: signaturesDocument(report),
      text: signaturesTable(report, tableWidth(invocation.options)),
    };
  },
};

function signaturesDocument({ reference, root, attachments }: AttachmentReport): object {
  const listed = attachments.map(({ subject, kind, digest, about }) => ({
    subject,
    kind,
    digest: digest ?? null,
    about,
  }));
  return { reference, digest: root.digest, verified: false, attachments: listed };
}

function signaturesTable({ attachments }: AttachmentReport, width: number | undefined): string {
  if (attachments.length === 0) return "";
  return table(
    columns,
    attachments.map(({ subject, kind, digest, about }) => [
      digestCell(subject),
      kind,
      digestCell(digest ?? ""),
      digestCell(printable(about)),
    ]),
    width,
  );
}
