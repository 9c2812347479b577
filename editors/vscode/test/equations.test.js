"use strict";
// Markdown with equations becomes Markdown with pictures.

const assert = require("node:assert/strict");
const Module = require("node:module");
const path = require("node:path");
const test = require("node:test");
const { buildSync } = require("esbuild");

const bundled = buildSync({
  entryPoints: [path.join(__dirname, "..", "src", "equations.ts")],
  bundle: true,
  platform: "node",
  format: "cjs",
  write: false,
});
const loaded = new Module("equations");
loaded._compile(bundled.outputFiles[0].text, "equations.js");
const { illustrated, picture } = loaded.exports;

const fenced = (...lines) => ["```math", ...lines, "```"].join("\n");

/** The pictures in Markdown, as SVG. */
const drawn = (markdown) =>
  [...markdown.matchAll(/\(data:image\/svg\+xml;base64,([^)]+)\)/g)].map(([, text]) =>
    Buffer.from(text, "base64").toString("utf8"),
  );

test("a fence of mathematics becomes a picture in the colour that is asked for", () => {
  const found = illustrated(`before\n\n${fenced("\\frac{a}{b} [c]")}\n\nafter`, "#123456");
  assert.match(found, /^before\n\n!\[\\frac\{a\}\{b\} \\lbrack c\\rbrack \]\(data:.*\)\n\nafter$/);
  const [svg] = drawn(found);
  assert.match(svg, /^<svg [^>]*width="[\d.]+px"[^>]* height="[\d.]+px"[^>]* color="#123456"/);
});

test("a taller formula has a taller picture", () => {
  const height = (formula) => Number(/height="([\d.]+)px"/.exec(picture(formula, "black"))[1]);
  assert.ok(height("\\frac{a}{b}") > 1.5 * height("a"));
});

test("what an author has written stays as it is", () => {
  const said = `\`\`\`\`text\n${fenced("x")}\n\`\`\`\`\n\n\`\`\`text\ny\n\`\`\``;
  assert.equal(illustrated(said, "black"), said);
  assert.equal(drawn(illustrated(`${said}\n${fenced("x")}`, "black")).length, 1);
});

// FORMULAS names a list in JSON.
test("every formula of the shipped specs is one that MathJax reads", { skip: !process.env.FORMULAS }, () => {
  const wrong = require(process.env.FORMULAS).filter((formula) => /merror|data-mjx-error/.test(picture(formula, "black")));
  assert.deepEqual(wrong, []);
});
