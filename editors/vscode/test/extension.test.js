"use strict";
// The bundled extension, started beside a stub of `vscode`. TAXON is a command that has `taxon lsp`; `taxon` by default.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const test = require("node:test");
const { load, stub } = require("./stub.js");

const TEXT = "taxon 1\nimport std.sac\nalgorithm mine extends sac { gamma = 1.5 }\n";

/** A session of an editor: the extension is active while `body` runs. */
async function session(settings, body) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "taxon-"));
  const { vscode, seen } = stub(folder, settings, TEXT);
  const extension = load(vscode);
  const context = { subscriptions: [] };
  try {
    await body({ extension, context, folder, seen });
  } finally {
    await extension.deactivate();
    fs.rmSync(folder, { recursive: true });
  }
}

/** The next diagnostics that arrive. */
const diagnostics = (seen) =>
  new Promise((arrived) => {
    const listening = seen.diagnostics.event((found) => {
      if (found?.length) {
        listening.dispose();
        arrived(found);
      }
    });
  });

const command = process.env.TAXON ?? "taxon";

test("an open document is checked by the server", { timeout: 60_000 }, () =>
  session({ path: command }, async ({ extension, context, seen }) => {
    const shown = diagnostics(seen);
    await extension.activate(context);
    assert.deepEqual(seen.errors, []);
    const [found] = await shown;
    assert.equal(found.source, "taxon");
    assert.match(found.message, /gamma/);
    assert.deepEqual({ ...found.range.start }, { line: 2, character: TEXT.split("\n")[2].indexOf("1.5") });
    assert.ok(context.subscriptions.length > 0);
  }),
);

test("the command restarts the server", { timeout: 60_000 }, () =>
  session({ path: command }, async ({ extension, context, seen }) => {
    const first = diagnostics(seen);
    await extension.activate(context);
    await first;
    const second = diagnostics(seen);
    await seen.commands.get("taxon.restart")();
    await second;
    assert.deepEqual(seen.errors, []);
  }),
);

test("a server that ends at once is told of once", { timeout: 60_000 }, () =>
  session({ path: process.execPath }, async ({ extension, context, seen }) => {
    await extension.activate(context); // node has no script `lsp` to run, and ends
    await new Promise((later) => setTimeout(later, 500));
    assert.equal(seen.errors.length, 1);
    assert.match(seen.errors[0], /lsp` does not start: it ended before it answered\./);
  }),
);

test("the setting is followed, and may name the folder", { timeout: 60_000 }, () => {
  const settings = { path: "${workspaceFolder}/no-such-taxon", answer: "Open Settings" };
  return session(settings, async ({ extension, context, folder, seen }) => {
    await extension.activate(context);
    assert.equal(seen.errors.length, 1);
    assert.ok(seen.errors[0].includes(`${folder}/no-such-taxon lsp`));
    assert.ok(seen.errors[0].includes("pip install 'taxon-rl[lsp]'"));
    await new Promise(setImmediate);
    assert.deepEqual(seen.executed.at(-1), ["workbench.action.openSettings", "taxon.path"]);
    settings.path = command;
    const shown = diagnostics(seen);
    seen.changed.fire({ affectsConfiguration: (name) => name === "taxon.path" });
    assert.equal((await shown).length, 1);
    assert.equal(seen.errors.length, 1);
  });
});
