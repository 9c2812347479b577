/** Bundles the extension, and the licences of the packages that are in the bundle. */

import fs from "node:fs";
import { build } from "esbuild";

const bundled = await build({
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  bundle: true,
  platform: "node",
  target: "node18",
  external: ["vscode"],
  minify: process.argv.includes("--minify"),
  metafile: true,
});

const packages = new Set(
  Object.keys(bundled.metafile.inputs).flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []),
);
const notices = [...packages].sort().map((name) => {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(fs.readFileSync(`${folder}/package.json`, "utf8"));
  const file = fs.readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const text = file === undefined ? "" : `\n\n${fs.readFileSync(`${folder}/${file}`, "utf8").trim()}`;
  return `${name} ${version}, ${license}${text}\n`;
});
fs.writeFileSync("dist/NOTICES.txt", notices.join(`\n${"-".repeat(80)}\n\n`));
