#!/usr/bin/env node
// A key provider that is a gRPC service. It prints its address once it listens, and runs until it is interrupted.
//
//   service.js KEYFILE ADDRESS [CERTIFICATE PRIVATE-KEY [CLIENT-CA]]
//
// ADDRESS is HOST:PORT, with port 0 for any. With a certificate it speaks TLS; with a CA, clients need a certificate too.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadPackageDefinition, Server, ServerCredentials, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { answer, readKey } from "./answer.js";

const [keyFile = "", address = "127.0.0.1:0", certificate, privateKey, clientCa] = process.argv.slice(2);
const key = readKey(keyFile);

const proto = loadSync(fileURLToPath(new URL("keyprovider.proto", import.meta.url)), { keepCase: true });
const { keyprovider } = loadPackageDefinition(proto);

function reply(call, done) {
  try {
    const request = call.request.KeyProviderKeyWrapProtocolInput;
    done(null, { KeyProviderKeyWrapProtocolOutput: Buffer.from(answer(request, key)) });
  } catch (error) {
    done({ code: status.INVALID_ARGUMENT, details: `example provider: ${error.message}` });
  }
}

function credentials() {
  if (certificate === undefined) return ServerCredentials.createInsecure();
  const pair = { cert_chain: readFileSync(certificate), private_key: readFileSync(privateKey) };
  const ca = clientCa === undefined ? null : readFileSync(clientCa);
  return ServerCredentials.createSsl(ca, [pair], ca !== null);
}

const server = new Server();
server.addService(keyprovider.KeyProviderService.service, { WrapKey: reply, UnWrapKey: reply });
server.bindAsync(address, credentials(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${address.replace(/:\d+$/, "")}:${port}\n`);
});
process.once("SIGTERM", () => server.forceShutdown());
process.once("SIGINT", () => server.forceShutdown());
