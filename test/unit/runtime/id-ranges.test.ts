import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { containerIds } from "../../../src/runtime/spec/id-ranges.js";
import { expectedError } from "../../support/expected-error.js";
import { scratchDirectory } from "../../support/scratch.js";

const scratch = scratchDirectory();

function ids(subuid: string, map = "0 0 4294967295\n") {
  const [users, here] = [join(scratch, "subuid"), join(scratch, "map")];
  writeFileSync(users, subuid);
  writeFileSync(here, map);
  return containerIds({ users, groups: join(scratch, "missing"), usersHere: here, groupsHere: here });
}

test("root's containers get 65536 of root's or podman's ids, else fixed ones", () => {
  const count = 65_536;
  const fixed = { first: 1_879_048_192, count };
  assert.deepEqual(ids(""), { users: fixed, groups: fixed });
  assert.deepEqual(ids("alice:100000:65536\nroot:200000:65536\n").users, { first: 200_000, count });
  assert.deepEqual(ids("containers:2147483647:2147483648\n").users, { first: 2_147_483_647, count });
  assert.deepEqual(ids("containers:300000:65536\nroot:200000:1000000\n").users, { first: 200_000, count });
  for (const useless of ["root:200000:65535", "root:0:65536", "root:x:65536", "root:4294967295:65536", "root"]) {
    assert.deepEqual(ids(`${useless}\n`).users, fixed, useless);
  }
});

test("ids that do not exist in this user namespace are refused before anything is made", () => {
  assert.throws(() => ids("", "         0     100000      65536\n"), expectedError("UNSUPPORTED", /do not exist here/));
  const map = "0 0 1\n1 100000 200000\n";
  assert.equal(ids("root:2000:65536\n", `${map}1879048192 300000 65536\n`).users.first, 2000);
});
