/** Equations of a hover as pictures: VS Code's Markdown has no mathematics, but it shows an SVG in a data URI. */

import type { LiteElement } from "mathjax-full/js/adaptors/lite/Element.js";
import { liteAdaptor } from "mathjax-full/js/adaptors/liteAdaptor.js";
import { RegisterHTMLHandler } from "mathjax-full/js/handlers/html.js";
import { TeX } from "mathjax-full/js/input/tex.js";
import "mathjax-full/js/input/tex/ams/AmsConfiguration.js";
import { mathjax } from "mathjax-full/js/mathjax.js";
import { SVG } from "mathjax-full/js/output/svg.js";

const SIZE = 16; // pixels of an em, a little more than the text of a hover
const EX = 0.431; // of an em, in MathJax's font

const adaptor = liteAdaptor();
RegisterHTMLHandler(adaptor);
const typeset = mathjax.document("", {
  InputJax: new TeX({ packages: ["base", "ams"] }),
  OutputJax: new SVG({ fontCache: "local" }),
});

/** Markdown whose fences of the language `math` are pictures; what stands in other fences is left as it is. */
export function illustrated(markdown: string, colour: string): string {
  const shown: string[] = [];
  let fence = "";
  let formula: string[] | undefined;
  for (const line of markdown.split("\n")) {
    if (fence === "") {
      fence = /^`{3,}/.exec(line)?.[0] ?? "";
      formula = line === "```math" ? [] : undefined;
      if (formula === undefined) shown.push(line);
    } else if (line === fence) {
      shown.push(formula === undefined ? line : image(formula.join("\n"), colour));
      fence = "";
    } else {
      (formula ?? shown).push(line);
    }
  }
  return shown.join("\n");
}

function image(formula: string, colour: string): string {
  const words = formula.replaceAll("[", "\\lbrack ").replaceAll("]", "\\rbrack ").replaceAll("\n", " ");
  return `![${words}](data:image/svg+xml;base64,${Buffer.from(picture(formula, colour)).toString("base64")})`;
}

/** An SVG in pixels: in a picture of its own there is no text whose size and colour it could take. */
export function picture(formula: string, colour: string): string {
  const drawn = adaptor.firstChild(typeset.convert(formula, { display: true })) as LiteElement;
  for (const side of ["width", "height"]) {
    const pixels = Number.parseFloat(adaptor.getAttribute(drawn, side)) * EX * SIZE;
    adaptor.setAttribute(drawn, side, `${pixels.toFixed(2)}px`);
  }
  adaptor.setAttribute(drawn, "color", colour);
  return adaptor.outerHTML(drawn);
}
