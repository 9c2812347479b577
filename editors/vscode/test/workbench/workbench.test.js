"use strict";
// The packaged extension in a real VS Code. VSIX is the package, TAXON a command that has `taxon lsp`, WORKBENCH a folder
// with code-server and playwright-core installed (install.sh), PICTURES where screenshots go.

const assert = require("node:assert/strict");
const { after, before, test } = require("node:test");
const { Workbench } = require("./workbench.js");

const SPEC = `taxon 1
import std.sac

/// What is looked at.
algorithm mine extends sac {
  gamma = 0.9
  G.estimate = td(0) + clipped_double
  Network.activation = ReLU
  optimizer.policy.lr = 7
}
`;

let vs;

before(async () => {
  const settings = { "taxon.path": process.env.TAXON ?? "taxon", "workbench.colorTheme": "Default Dark Modern" };
  vs = await Workbench.start(process.env.VSIX, settings, { "mine.tx": SPEC });
  await vs.open("mine.tx");
}, { timeout: 180_000 });

after(() => vs?.close());

const look = (name, body) => test(name, { timeout: 180_000 }, body);
