"""The page's style: on a screen of any width, on paper, light and dark."""

CSS = """
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #fefefe; --muted: #5f6369; --faint: #d3d5d9; --soft: #f2f3f5;
  --note: #fff4d6; }
@media (prefers-color-scheme: dark) { @media screen { :root { --ink: #e8e8ea; --paper: #17181b; --muted: #a2a6ad;
  --faint: #3b3e44; --soft: #222428; --note: #3a3117; } } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 54rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1, h2, h3 { line-height: 1.25; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--faint); }
code, pre { font: .9em ui-monospace, monospace; }
pre { padding: .6rem; background: var(--soft); overflow-x: auto; }
article { margin: 1.5rem 0; padding: .2rem 1rem 1rem; border-left: 4px solid var(--faint); background: var(--soft); }
article.confirmed { border-color: #0072B2; }
article.contradicted { border-color: #D55E00; }
article.absent { border-color: #009E73; }
.verdict { font-weight: 600; }
.note, .declared { color: var(--muted); font-size: .875rem; }
.late, .partial { padding: .1rem .4rem; background: var(--note); color: var(--ink); }
.partial { padding: .6rem; font-weight: 600; }
.scroll { margin: 1rem 0; overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; white-space: nowrap; font-weight: 600; padding-bottom: .3rem; }
th, td { padding: .2rem .6rem; text-align: right; white-space: nowrap; }
th:first-child { text-align: left; padding-left: 0; }
thead th { border-bottom: 1px solid var(--ink); }
table.texts td, table.texts th { text-align: left; vertical-align: top; white-space: pre-wrap; min-width: 7rem; }
figure { margin: 1.2rem 0; overflow-x: auto; background: var(--paper); }
figure svg { display: block; height: auto; max-width: 100%; }
figcaption { color: var(--muted); font-size: .875rem; }
@media (max-width: 40rem) { figure svg { max-width: none; width: 36rem; } article { padding: .2rem .6rem .6rem; } }
@media print { body { max-width: none; font-size: 10pt; } figure, article, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll, figure, pre { overflow: visible; } pre { white-space: pre-wrap; } th, td { white-space: normal; } }
"""
