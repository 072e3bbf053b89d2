import { errors } from "undici";
import { ioError, OciEncError } from "../../../errors.js";
import { bounded } from "./redact.js";

/** The request that failed. */
export interface FailedRequest {
  /** Of the host that was spoken to: a proxy, where there is one. */
  readonly url: URL;
  readonly proxy?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** That host has answered before: that it cannot be reached now may pass. */
  readonly answered?: boolean | undefined;
}

/**
 * A request that got no answer, or not the whole of it, as UNAVAILABLE; ABORTED when `signal` asked for that. Passes on
 * what is an OciEncError already, and throws what is none of these: a bug.
 */
export function networkFailure(error: unknown, { url, proxy, signal, answered }: FailedRequest): OciEncError {
  const reason = signal?.aborted ? signal.reason : error;
  if (reason instanceof OciEncError) return reason;
  if (signal?.aborted) return new OciEncError("ABORTED", "interrupted", { cause: error });
  const code = failureCode(error);
  if (code === undefined) throw error;
  if (ofThisMachine.has(code)) throw ioError(error, "cannot open a connection");
  const known = reasons.get(code) ?? (isCertificateCode(code) ? certificateReason : undefined);
  const final = known?.final === "at first" ? !answered : known?.final;
  const detail = known?.text ?? `the connection failed (${bounded(code, 80)})`;
  return new OciEncError(
    "UNAVAILABLE",
    `cannot speak to ${proxy ? "the proxy " : ""}${JSON.stringify(url.host)}: ${detail}`,
    {
      cause: error,
      hint: known?.hint,
      retryable: !final && !code.startsWith("ERR_SSL_"),
      context: { host: url.host, reason: code },
    },
  );
}

/** Whether the other side answered a TLS greeting with something that is not TLS, or hung up on it. */
export function speaksNoTls(error: OciEncError): boolean {
  const code = error.context["reason"];
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG") return true;
  if (code === "ERR_SSL_HTTP_REQUEST" || code === "EPROTO") return true;
  const hungUp = code === "ECONNRESET" || code === "UND_ERR_SOCKET";
  return hungUp && error.cause instanceof Error && /before secure TLS connection/.test(error.cause.message);
}

/** The other side has no part in these. */
const ofThisMachine: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOMEM", "EACCES", "EPERM"]);

interface Reason {
  readonly text: string;
  readonly hint?: string;
  /** Doing it again would give the same; `at first`: unless the host has answered before. */
  readonly final?: true | "at first";
}

/** What undici's parser does not take; it gives no code of its own. */
const notHttp = "HTTP_PARSER";

const certificateHint = "name the authority with --ca-file or in certs.d; --tls-verify=false takes any certificate";
const certificateReason: Reason = { text: "its certificate is not trusted", hint: certificateHint, final: true };

const reasons: ReadonlyMap<string, Reason> = new Map([
  ["ENOTFOUND", { text: "there is no host with that name", final: "at first" }],
  ["EAI_AGAIN", { text: "the resolver does not answer" }],
  [
    "ECONNREFUSED",
    { text: "the connection is refused", hint: "is the port right, and is it running?", final: "at first" },
  ],
  ["ECONNRESET", { text: "the connection was cut" }],
  ["EPIPE", { text: "the connection was cut" }],
  ["ETIMEDOUT", { text: "it does not answer" }],
  ["EHOSTUNREACH", { text: "the host cannot be reached" }],
  ["ENETUNREACH", { text: "the network cannot be reached" }],
  ["UND_ERR_SOCKET", { text: "the connection was cut" }],
  ["UND_ERR_CONNECT_TIMEOUT", { text: "the connection was not made in time" }],
  ["UND_ERR_HEADERS_TIMEOUT", { text: "no answer came in time" }],
  ["UND_ERR_BODY_TIMEOUT", { text: "the answer stalled" }],
  ["UND_ERR_HEADERS_OVERFLOW", { text: "the header of its answer is too large", final: true }],
  [notHttp, { text: "its answer is not HTTP as it should be", hint: "is the port right?", final: true }],
  ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", { text: "the answer ended early" }],
  ["CERT_HAS_EXPIRED", { text: "its certificate has expired", hint: certificateHint, final: true }],
  [
    "CERT_NOT_YET_VALID",
    { text: "its certificate is not valid yet", hint: "is this machine's clock right?", final: true },
  ],
  ["ERR_TLS_CERT_ALTNAME_INVALID", { text: "its certificate is for another name", hint: certificateHint, final: true }],
  [
    "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
    { text: "it asks for a client certificate", hint: "give one with --cert-file and --key-file", final: true },
  ],
  [
    "ERR_SSL_WRONG_VERSION_NUMBER",
    { text: "it does not speak TLS", hint: "--plain-http speaks HTTP, credentials included", final: true },
  ],
  ["ERR_SSL_UNSUPPORTED_PROTOCOL", { text: "it speaks no version of TLS that is safe", final: true }],
  ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", { text: "it speaks no version of TLS that is safe", final: true }],
]);

function isCertificateCode(code: string): boolean {
  return /CERT|_SIGNATURE$|CRL_|^HOSTNAME_MISMATCH$|^INVALID_CA$/.test(code) && !code.startsWith("ERR_SSL_");
}

/** The code of an error, of the one inside it, or of the first of several. */
function failureCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof errors.HTTPParserError) return notHttp;
  const own = "code" in error && typeof error.code === "string" ? error.code : undefined;
  if (own !== undefined && !bugs.has(own)) return own;
  if (error instanceof AggregateError) return failureCode(error.errors[0]);
  return own === undefined ? failureCode(error.cause) : undefined;
}

/** undici's words for a wrong call. */
const bugs: ReadonlySet<string> = new Set(["UND_ERR_INVALID_ARG", "UND_ERR_NOT_SUPPORTED", "UND_ERR_DESTROYED"]);
