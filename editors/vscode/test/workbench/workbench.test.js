"use strict";
// The packaged extension in a real VS Code: VSIX is the package, TAXON a command that has `taxon lsp`, WORKBENCH a folder
// that install.sh has filled, CHROMIUM a browser, PICTURES a folder for screenshots, if one is wanted.

const assert = require("node:assert/strict");
const { after, before, test } = require("node:test");
const { Workbench } = require("./workbench.js");

const SPEC = `taxon 1
import std.mpo

/// What is looked at.
algorithm mine extends mpo {
  gamma = 0.9
  G.estimate = retrace(1)
  Network.activation = RELU
}
`;
const MEND = (text) => text.replace("Network", "network");

let vs;

before(
  async () => {
    const settings = { "taxon.path": process.env.TAXON ?? "taxon", "workbench.colorTheme": "Default Dark Modern" };
    vs = await Workbench.start(process.env.VSIX, settings, { "mine.tx": SPEC });
    await vs.open("mine.tx");
  },
  { timeout: 300_000 },
);

after(() => vs?.close());

const look = (name, body) => test(name, { timeout: 300_000 }, body);

look("what is wrong is underlined, and listed as a problem", async () => {
  await vs.page.locator(".squiggly-error").first().waitFor();
  await vs.run("View: Focus Problems");
  const problems = (await vs.shown(".markers-panel .monaco-list-row")).join("\n");
  assert.match(problems, /there is no path `Network`\s+taxon\s+TX201\s+\[Ln 8, Col 3\]/);
  await vs.picture("problems");
  await vs.page.keyboard.press("Control+J");
});

look("a name has the colour of what it is, which the grammar alone cannot say", async () => {
  await vs.cursor("mine.tx", "extends mpo", 9);
  await vs.run("Developer: Inspect Editor Tokens and Scopes");
  await vs.page.locator(".token-inspect-widget .tiw-metadata-table").first().waitFor();
  const [said] = await vs.shown(".token-inspect-widget");
  assert.match(said, /semantic token type\s+class\s+foreground\s+entity\.name\.type\.taxon/);
  await vs.picture("colours");
  await vs.page.keyboard.press("Escape");
  const coloured = await vs.page
    .locator(".view-line span span")
    .evaluateAll((words) => words.map((word) => [word.innerText.trim(), getComputedStyle(word).color]));
  const colours = new Map(coloured);
  const kinds = ["algorithm", "mpo", "gamma", "0.9", "retrace", "/// What is looked at."].map((word) =>
    colours.get(word.replaceAll(" ", "\u00a0")) ?? colours.get(word),
  );
  assert.equal(new Set(kinds).size, kinds.length, JSON.stringify(coloured));
});

look("a quick fix mends what is underlined", async () => {
  await vs.cursor("mine.tx", "Network", 3);
  await vs.page.keyboard.press("Control+.");
  const offered = await vs.shown(".action-widget .monaco-list-row");
  assert.ok(offered.includes("write `network`"), offered.join());
  await vs.picture("fix");
  await vs.page.keyboard.press("Enter");
  await vs.page.locator(".view-line", { hasText: /network.activation/ }).waitFor();
  await vs.save();
  assert.equal(vs.text("mine.tx"), MEND(SPEC));
});

look("all fixes at once are those of `taxon check --fix`", async () => {
  await vs.run("Fix All");
  await vs.page.locator(".view-line", { hasText: /relu/ }).waitFor();
  await vs.save();
  assert.equal(vs.text("mine.tx"), MEND(SPEC).replace("RELU", "relu"));
  await vs.page.locator(".squiggly-error").first().waitFor({ state: "detached" });
});

look("a hover draws the equations", async () => {
  await vs.cursor("mine.tx", "estimate", 3);
  await vs.run("Show or Focus Hover");
  const hover = vs.page.locator(".monaco-hover:not(.hidden)").first();
  const drawn = hover.locator("img");
  await drawn.first().waitFor();
  assert.match(await hover.innerText(), /set here, line 7[\s\S]*What it becomes in mine/);
  const sizes = await drawn.evaluateAll((all) => all.map((each) => [each.src, each.alt, each.naturalWidth]));
  assert.ok(sizes.every(([src, alt, width]) => src.startsWith("data:image/svg+xml") && alt !== "" && width > 40));
  assert.ok(sizes.some(([, alt]) => alt.includes("0.9")), "the number of the spec");
  await vs.picture("hover");
  await vs.page.keyboard.press("Escape");
});

look("and those of a choice, in the colour of a light theme", async () => {
  await vs.run("Preferences: Toggle between Light/Dark Themes");
  await vs.page.locator(".monaco-workbench.vs").waitFor();
  await vs.cursor("mine.tx", "retrace", 3);
  await vs.run("Show or Focus Hover");
  const drawn = vs.page.locator(".monaco-hover:not(.hidden) img");
  await drawn.first().waitFor();
  const svg = await drawn.first().evaluate((image) => atob(image.src.split(",")[1]));
  assert.match(svg, /color="#24292e"/);
  assert.match(await drawn.first().getAttribute("alt"), /G_\{t\}/);
  await vs.picture("choice");
  await vs.page.keyboard.press("Escape");
});

look("paths are completed", async () => {
  await vs.cursor("mine.tx", "0.9", 3);
  await vs.page.keyboard.type("\nopt");
  await vs.page.keyboard.press("Control+Space");
  const offered = await vs.shown(".suggest-widget .monaco-list-row");
  assert.ok(offered.some((each) => each.startsWith("optimizer.policy")), offered.join());
  await vs.picture("completion");
  await vs.page.keyboard.press("Escape");
});
