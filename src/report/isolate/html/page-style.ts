/** The style sheet of the page: calm, dense, and fit for paper. */

import { DASHES, paletteStyle, SANS } from '../../graph/graph-palette.ts';
import { graphStyle } from '../../graph/svg-graph.ts';

const MONO = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace';
/** The graph shrinks to this share of its size before it has to be scrolled. */
const SHRINK = 0.8;
/** At least so much of the rows is seen, in pixels. */
const FLOWS_HEIGHT = 420;

/** For a graph of these sizes, in pixels. */
export function pageStyle({ width, height }: { width: number; height: number }): string {
  const heat = [1, 2, 3, 4, 5].map(
    (step) =>
      `td.h${step}{background:var(--heat-${step});color:var(--ink-${step});font-weight:600}`,
  );
  return `${paletteStyle(':root')}${graphStyle('.graph')}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:14px/1.5 ${SANS}}
main,header{max-width:1720px;margin:0 auto;padding:0 clamp(12px,2.5vw,40px)}
header{padding-top:28px}
h1{font-size:clamp(19px,2.1vw,26px);line-height:1.32;font-weight:650;letter-spacing:-.01em;
margin:0 0 10px;max-width:62ch;text-wrap:pretty;overflow-wrap:anywhere}
h1::before{content:"";display:block;width:44px;height:4px;border-radius:2px;
background:var(--clear);margin-bottom:14px}
.bad h1::before{background:var(--lossy)}.unsure h1::before{background:var(--possible)}
h2{font-size:12px;letter-spacing:.07em;text-transform:uppercase;color:var(--dim);font-weight:650;
margin:0 0 10px}
h3{font-size:13px;font-weight:600;margin:12px 0 4px}
.facts{display:flex;flex-wrap:wrap;gap:4px 26px;margin:0 0 20px;padding:0}
.facts div{display:flex;gap:7px;align-items:baseline;min-width:0}
.facts dt{color:var(--dim)}.facts dd{margin:0;font-variant-numeric:tabular-nums;
overflow-wrap:anywhere}
.dim{color:var(--dim)}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
white-space:nowrap}
.map{display:flex;flex-wrap:wrap;gap:16px;align-items:stretch}
.map>section,.below>section{background:var(--panel);border:1px solid var(--rule);
border-radius:8px;padding:16px;min-width:0}
#graph{flex:1 1 ${Math.ceil(width * SHRINK) + 34}px}
#flows{flex:1 1 auto;display:flex;flex-direction:column;max-width:100%}
.scroll{overflow:auto;max-width:100%;position:relative}
.scroll svg{display:block;width:clamp(${Math.ceil(width * SHRINK)}px,100%,${width}px);
height:auto;margin:0 auto}
#flows .scroll{flex:1 1 ${FLOWS_HEIGHT}px;min-height:${FLOWS_HEIGHT}px;
max-height:${Math.max(FLOWS_HEIGHT, Math.ceil(height) + 130)}px}
.scroll:has(.hop-table){max-height:760px}.hop-table thead th{position:sticky;top:0;
background:var(--panel)}
.below{columns:2 560px;column-gap:16px;margin:16px 0 40px}
.below>section{break-inside:avoid;margin:0 0 16px;width:100%;display:inline-block}
#hops{break-inside:auto}
.legend{display:flex;flex-wrap:wrap;gap:2px 20px;list-style:none;margin:12px 0 0;padding:0;
color:var(--dim);font-size:12px}
.legend li{display:flex;align-items:center;gap:7px}
.legend svg{width:40px;height:12px;flex:none}
.detail{display:block;min-height:3em;margin:8px 0 0;font-size:12.5px;overflow-wrap:anywhere}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:3px 10px 3px 0;vertical-align:top;font-weight:400}
thead th{color:var(--dim);font-size:12px;white-space:nowrap}
.suspects tbody th{overflow-wrap:anywhere;min-width:9em}
.suspects tbody th,.suspects td{border-top:1px solid var(--rule);padding-top:6px}
.suspects strong,.hop-table td:nth-child(3),pre,.heat{font-family:${MONO};font-size:12px}
.hop-table{width:100%}.hop-table td,.hop-table tbody th{border-top:1px solid var(--rule);
font-size:12.5px}
.number,.hop-table thead th:nth-child(n+4):nth-child(-n+6){text-align:right;padding-right:14px}
pre{margin:0;padding:8px 10px;background:var(--page);border:1px solid var(--rule);
border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.6}
ul{margin:10px 0 0;padding-left:1.2em}li{margin:2px 0;overflow-wrap:anywhere}.legend{padding:0}
.heat{border-spacing:0;border-collapse:separate}
.heat td,.heat th{padding:1px 7px;text-align:center;white-space:nowrap;line-height:18px}
.heat td{min-width:34px;color:var(--dim)}
.heat thead th{position:sticky;top:0;background:var(--panel);z-index:2;
border-bottom:1px solid var(--rule)}
.heat .port{position:sticky;left:0;background:var(--panel);text-align:right;z-index:1;
padding-left:4px}
.heat thead .port{z-index:3}
.heat tr.first>*{border-top:1px solid var(--rule)}
.heat abbr{color:var(--lossy);font-weight:700;text-decoration:none}
.heat tbody tr{cursor:default}
.heat td.hx{background:repeating-linear-gradient(135deg,var(--rule) 0 1px,transparent 1px 5px);
color:var(--dim)}
.heat ${heat.join('.heat ')}
.graph [data-i]{cursor:pointer;transition:opacity .12s}
.lit .graph [data-i]:not(.on){opacity:.16}
.lit .graph .place:not(.on){opacity:.4}
.graph .hop.on .line{stroke-dashoffset:0}
.lit .heat tbody tr:not(.on)>*{opacity:.4}
.lit .heat tbody tr.on .port{color:var(--focus);font-weight:700}
:focus{outline:none}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.heat tr:focus-visible{outline-offset:-2px}
.graph .hop:focus-visible{outline:none}
.graph .hop:focus-visible .line{stroke:var(--focus);stroke-dasharray:${DASHES.clear || 'none'}}
.graph .hop:focus-visible .hit{stroke:var(--focus);opacity:.25}
.graph .place:focus-visible{outline:none}
.graph .place:focus-visible .box{stroke:var(--focus);stroke-width:3;stroke-dasharray:none}
kbd{font:11px ${MONO};border:1px solid var(--rule);border-radius:3px;padding:0 4px}
.hint{margin:6px 0 0;font-size:12px;color:var(--dim)}
@media (max-width:640px){.map>section,.below>section{padding:12px}.below{columns:1}}
@media (prefers-reduced-motion:reduce){.graph [data-i]{transition:none}}
@media print{body{font-size:10.5pt;background:#fff}
.scroll,#flows .scroll,.scroll:has(.hop-table){overflow:visible;max-height:none}
.scroll svg{width:100%}
.map>section,.below>section{border:0;padding:0 0 10px}.hint,.detail{display:none}
.map,#flows{display:block}
.hop-table thead th,.heat thead th,.heat .port{position:static}.below{columns:1}
.heat tr{break-inside:avoid}*{print-color-adjust:exact}}`;
}
