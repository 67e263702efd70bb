// How the page looks: on paper white or black as the reader's system has it, from a phone's width on.
#pragma once

namespace glid {

// Colours of lines are set beside it, from those of charts.
inline constexpr const char* kPageStyle = R"css(
:root { color-scheme: light dark; --back: #fff; --text: #1b1e23; --soft: #5b626c; --rule: #d5d9df; --box: #f4f6f8; --link: #0059a8;
  --better: #00684a; --worse: #a83a00; --shade: #8f97a3; }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --text: #e7eaee; --soft: #a3abb6; --rule: #3a414a; --box: #1d2228;
  --link: #82bbf2; --better: #57c9a3; --worse: #f2955f; --shade: #767f8b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 0 1rem 4rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; margin: 1.2rem 0 .4rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; } h3 { font-size: 1rem; margin: 1rem 0 .3rem; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; } main:focus { outline: none; } .skip:focus { left: 1rem; top: .5rem; background: var(--back); padding: .3rem .6rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; padding: 0; margin: 0; }
nav a { display: inline-block; padding: .3rem 0; }
p { margin: .4rem 0; max-width: 60rem; } small { display: block; color: var(--soft); font-size: .85em; white-space: nowrap; }
.scroll { --ground: var(--back); margin: .6rem 0; } pre.scroll { --ground: var(--box); }
/* Shaded where there is more: a cover that moves with what is in the box lies over a shade that stays at its edge, a pixel
   within, as covers of boxes that begin between two pixels end there. */
.scroll { overflow-x: auto; background-color: var(--ground); background-repeat: no-repeat; background-position: right, right 1px top;
  background-image: linear-gradient(to left, var(--ground) 80%, transparent), linear-gradient(to left, var(--shade), transparent);
  background-size: 1rem 100%, .7rem 100%; background-attachment: local, scroll; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; max-width: calc(100vw - 4rem); }
th, td { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--rule); }
th { font-weight: 500; } thead th { font-weight: 600; min-width: 5rem; vertical-align: bottom; }
tbody th, thead th:first-child { position: sticky; left: 0; background: var(--back); }
tbody th { min-width: 6rem; } #runs tbody th, #configuration tbody th { min-width: min(10rem, 38vw); } td { max-width: 24rem; } data, .whole { white-space: nowrap; }
.better { color: var(--better); } .worse { color: var(--worse); }
details { border: 1px solid var(--rule); border-radius: 6px; padding: 0 .8rem; margin: .6rem 0; }
summary { cursor: pointer; padding: .45rem 0; color: var(--link); }
pre { padding: .7rem; border-radius: 6px; font-size: .85rem; }
code { background: var(--box); border-radius: 3px; padding: 0 .2rem; font-size: .9em; box-decoration-break: clone; -webkit-box-decoration-break: clone; }
#evaluation caption, #names caption { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr)); gap: .6rem 1.5rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), max-content)); gap: 1rem; }
figure { margin: .5rem 0; min-width: 0; } figcaption { font-weight: 600; padding: .2rem 0; }
img { min-width: min(100%, 16rem); max-width: 100%; height: auto; background: #fff; }
.chart { width: 100%; height: auto; display: block; overflow: visible; } .chart text { fill: var(--soft); font-size: 13px; }
.grid { stroke: var(--rule); stroke-width: 1; } .axis { stroke: var(--soft); stroke-width: 1; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; } .behind { stroke-width: 1; opacity: .4; }
.baseline { stroke: var(--text); stroke-width: 1; opacity: .8; }
.legend { list-style: none; padding: 0; margin: .2rem 0; font-size: .9rem; } .legend li { padding-left: 2.55rem; text-indent: -2.55rem; }
.key { width: 2.1rem; height: .65rem; margin-right: .45rem; vertical-align: baseline; }
.bar { display: inline-block; width: 7rem; height: .7rem; background: var(--box); margin-right: .5rem; }
.fill { display: block; height: 100%; }
@media (prefers-color-scheme: dark) { .line, .dot, .fill { filter: brightness(1.5); } }
@media (max-width: 32rem) { .chart text { font-size: 16px; } .bar { width: 4rem; } }
@media print { details { border: 0; } .skip, nav { display: none; } }
)css";

}  // namespace glid
