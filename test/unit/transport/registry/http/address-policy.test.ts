import assert from "node:assert/strict";
import { test } from "node:test";
import {
  classifyAddress,
  inBlock,
  isLoopbackHost,
  mayReach,
} from "../../../../../src/transport/registry/http/address-policy.js";

test("addresses are what they are, IPv4 inside IPv6 too", () => {
  const kinds = {
    public: ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
    private: [
      "10.1.2.3",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.1.1",
      "100.64.0.1",
      "fd00::1",
      "fc00::",
      "::ffff:10.0.0.1",
      "2002:a00:1::",
    ],
    loopback: ["127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1"],
    forbidden: [
      "0.0.0.0",
      "::",
      "169.254.169.254",
      "::ffff:169.254.169.254",
      "224.0.0.1",
      "255.255.255.255",
      "fe80::1",
      "ff02::1",
      "fe80::1%eth0",
      "nonsense",
      "",
    ],
  };
  for (const [kind, addresses] of Object.entries(kinds)) {
    for (const address of addresses) assert.equal(classifyAddress(address), kind, address);
  }
});

test("no registry may send us to a forbidden address, and only an internal one to its own kind of network", () => {
  for (const from of ["public", "private", "loopback", "forbidden"] as const) {
    assert.equal(mayReach(from, "public"), true);
    assert.equal(mayReach(from, "forbidden"), false);
    assert.equal(mayReach(from, "private"), from === "private" || from === "loopback");
    assert.equal(mayReach(from, "loopback"), from === "loopback");
  }
});

test("host names that mean this machine are known without asking", () => {
  for (const host of ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.9", "[::1]"])
    assert.equal(isLoopbackHost(host), true, host);
  for (const host of ["localhost.test", "10.0.0.1", "[fe80::1]", "mylocalhost"])
    assert.equal(isLoopbackHost(host), false, host);
});

test("blocks hold addresses of their own family", () => {
  assert.equal(inBlock("10.255.0.1", "10.0.0.0/8"), true);
  assert.equal(inBlock("::a00:1", "10.0.0.0/8"), false);
  assert.equal(inBlock("fd12::1", "fd00::/8"), true);
  assert.equal(inBlock("1.2.3.4", "0.0.0.0/0"), true);
});
