import { type ErrorCode, OciEncError } from "../../errors.js";
import type { Descriptor } from "../../oci/descriptor.js";
import type { Digest } from "../../oci/digest.js";
import { parseManifest } from "../../oci/manifest.js";
import { listedReferrer, subjectOf } from "../../oci/referrer.js";
import type { Progress } from "../../progress.js";
import {
  type AttachmentSource,
  type DigestTagKind,
  digestTagKinds,
  digestTagName,
} from "../../transport/attachments.js";
import type { ImageSource } from "../../transport/transport.js";
import { onSide } from "../plan/error-side.js";
import { makePlan } from "../plan/plan.js";
import { pool } from "../write/pool.js";
import type { Attachment, DigestTagFound, MessageFound, ReferrerFound } from "./transfer.js";

/** How to look. */
export interface FindOptions {
  /** Fail when the source does not answer; else that is a warning. */
  readonly required: boolean;
  /** Kinds of questions that the source does not answer; added to, and not asked or told of again. */
  readonly untold: Set<string>;
  /** Whether to look for what refers to the referrers, too. */
  readonly nested: boolean;
  /** Questions to the source at once. */
  readonly jobs: number;
  readonly signal?: AbortSignal | undefined;
  readonly progress: Progress;
}

/** Attachments of one image, nested ones included; more are mischief. */
const attachmentLimit = 1_000;

/**
 * Everything that belongs to some manifests: what refers to them, and to that in turn; what is under their digest
 * tags; their simple signatures. Each once, however they name each other. What cannot be read is left out, with a warning,
 * and so is a kind of them that the source does not tell: not every registry lets everybody ask, or can answer.
 */
export async function findAttachments(
  source: ImageSource & AttachmentSource,
  subjects: readonly Digest[],
  options: FindOptions,
): Promise<readonly Attachment[]> {
  await onSide("source", async () => await source.readPlaces?.());
  const search = new Search(source, options);
  const found = await search.run(subjects.flatMap((subject) => search.questions(subject)));
  let level = found.filter((one) => one.kind === "referrer");
  while (options.nested && level.length > 0) {
    const next = await search.run(
      level.map(
        ({ listed }) =>
          () =>
            search.referrers(listed.digest),
      ),
    );
    level = next.filter((one) => one.kind === "referrer");
    found.push(...level);
  }
  return found;
}

type Question = () => Promise<readonly Attachment[]>;

class Search {
  readonly #source: ImageSource & AttachmentSource;
  readonly #options: FindOptions;
  readonly #seen = new Set<Digest>();
  #told = false;

  constructor(source: ImageSource & AttachmentSource, options: FindOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** All that there is to ask about one manifest of the image. */
  questions(subject: Digest): readonly Question[] {
    return [
      () => this.referrers(subject),
      ...digestTagKinds.map((kind) => () => this.#digestTag(subject, kind)),
      () => this.#messages(subject),
    ];
  }

  /** The answers, in the order of the questions. */
  async run(questions: readonly Question[]): Promise<Attachment[]> {
    const answers: (readonly Attachment[])[] = [];
    const jobs = questions.map((question, index) => async () => {
      answers[index] = await question();
    });
    await pool(jobs, this.#options.jobs, this.#options.signal);
    return answers.flat();
  }

  async referrers(subject: Digest): Promise<readonly ReferrerFound[]> {
    const found: ReferrerFound[] = [];
    for (const descriptor of (await this.#ask("what refers to the image", () => this.#source.referrers(subject))) ??
      []) {
      if (this.#seen.has(descriptor.digest)) continue;
      if (this.#seen.size >= attachmentLimit) {
        this.#tellOfLimit();
        break;
      }
      this.#seen.add(descriptor.digest);
      const referrer = await this.#readable(descriptor.digest, () => this.#referrer(subject, descriptor));
      if (referrer) found.push(referrer);
    }
    return found;
  }

  async #referrer(subject: Digest, { mediaType, digest, size }: Descriptor): Promise<ReferrerFound | undefined> {
    const plan = await makePlan(this.#source, { mediaType, digest, size }, {});
    if (subjectOf(plan.view)?.digest === subject) {
      return { kind: "referrer", subject, listed: listedReferrer(plan.descriptor, plan.view), plan };
    }
    this.#say(`${digest} is listed as a referrer of ${subject}, and is none`);
    return undefined;
  }

  async #digestTag(subject: Digest, kind: DigestTagKind): Promise<readonly DigestTagFound[]> {
    const descriptor = await this.#ask("what its tags .sig, .att and .sbom name", () =>
      this.#source.digestTag(subject, kind),
    );
    if (!descriptor) return [];
    const found = await this.#readable(digestTagName(subject, kind), async (): Promise<DigestTagFound> => {
      const bytes = await onSide("source", () => this.#source.manifest(descriptor));
      const view = parseManifest(bytes, descriptor.mediaType);
      if (view.kind === "manifest") return { kind, subject, descriptor, bytes, view };
      throw new OciEncError("CORRUPT", "an index stands under a digest tag");
    });
    return found ? [found] : [];
  }

  async #messages(subject: Digest): Promise<readonly MessageFound[]> {
    const question = () => this.#source.simpleSignatures(subject);
    const messages = await this.#ask("its simple signatures", question, { isWhole: true });
    return (messages ?? []).map((message) => ({ kind: "message", subject, message }));
  }

  /**
   * Undefined, with a warning: the source does not tell. Where it lets nobody ask or cannot answer, that is so for every
   * manifest: it is said once, and not asked again, which would take all the tries anew. `isWhole`: the answer holds the
   * attachments themselves, so that a damaged one throws.
   */
  async #ask<T>(about: string, question: () => Promise<T>, { isWhole = false } = {}): Promise<T | undefined> {
    const { required, untold, progress } = this.#options;
    if (untold.has(about)) return undefined;
    try {
      return await onSide("source", question);
    } catch (error) {
      if (!(error instanceof OciEncError) || !unanswered.has(error.code) || (isWhole && isDamaged(error))) throw error;
      if (required) throw withoutReferrers(error);
      if (untold.has(about)) return undefined;
      if (isClosed(error) || error.code === "UNSUPPORTED") untold.add(about);
      const message = `${about} stays behind, as the source does not tell: ${error.message}; --referrers=false does not ask`;
      progress({ type: "warning", code: "ATTACHMENT_DROPPED", message });
      return undefined;
    }
  }

  /** Undefined, with a warning: it is not there, or is not a manifest. A list of referrers can be older than a removal. */
  async #readable<T>(what: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof OciEncError) || !unanswered.has(error.code)) throw error;
      if (this.#options.required && isClosed(error)) throw withoutReferrers(error);
      const message = `${what}, which is attached to the image, is left out: ${error.message}`;
      this.#options.progress({ type: "warning", code: "ATTACHMENT_DROPPED", message });
      return undefined;
    }
  }

  #tellOfLimit(): void {
    if (this.#told) return;
    this.#told = true;
    const message = `the image has more than ${attachmentLimit} referrers; the others are left out`;
    this.#options.progress({ type: "warning", code: "ATTACHMENT_DROPPED", message });
  }

  #say(message: string): void {
    this.#options.progress({ type: "debug", area: "copy", message });
  }
}

/** How a place fails to tell. What is wrong at this end is not an answer of it. */
const unanswered: ReadonlySet<ErrorCode> = new Set(["DENIED", "UNAVAILABLE", "UNSUPPORTED", "NOT_FOUND", "CORRUPT"]);

function isDamaged({ code }: OciEncError): boolean {
  return code === "CORRUPT" || code === "UNSUPPORTED";
}

function isClosed({ code }: OciEncError): boolean {
  return code === "DENIED" || code === "UNAVAILABLE";
}

function withoutReferrers(error: OciEncError): OciEncError {
  const without = "--referrers=false copies the image without what belongs to it";
  return error.with({ hint: error.hint === undefined ? without : `${error.hint}; or ${without}` });
}
