/**
 * Holds the style sheet of the console's page, in light and dark colours, for phones and larger screens.
 * Text has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3). `page.ts` writes it into the page with a
 * nonce, without escaping, so it must not contain `</style`.
 */

/** The text of the style sheet. */
export const consoleStyle = `
:root{color-scheme:light dark;--bg:#f4f6f8;--card:#fff;--text:#14181e;--muted:#4d5866;--line:#d7dde4;--accent:#0b6b66;--on:#fff;
--passed:#1f7a4d;--answered:#2f64b0;--refused:#a44d05;--failed:#b3261e;--left:#5b6572}
@media(prefers-color-scheme:dark){:root{--bg:#0e1216;--card:#161b21;--text:#e8ebef;--muted:#a6b0bd;--line:#2c343e;--accent:#5fd0c8;--on:#06211f;
--passed:#55c98a;--answered:#82aef0;--refused:#f2a654;--failed:#ff8f85;--left:#a6b0bd}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:15px/1.5 system-ui,sans-serif}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem}
header{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:center;padding:1rem 1.25rem;border-bottom:1px solid var(--line);background:var(--card)}
h1{font-size:1.15rem;margin:0}
header p{margin:0;color:var(--muted);flex:1 1 14rem;overflow-wrap:anywhere}
#live{font-weight:600}
#live::before{content:"";display:inline-block;width:.6rem;height:.6rem;margin-right:.4rem;border-radius:50%;background:var(--left)}
#live[data-state=live]::before{background:var(--passed)}
button,.button{font:inherit;padding:.4rem .8rem;min-height:2.25rem;border:1px solid var(--line);border-radius:.5rem;background:var(--card);color:var(--text);cursor:pointer;text-decoration:none}
button.main{background:var(--accent);border-color:var(--accent);color:var(--on)}
button.end{border-color:var(--failed);color:var(--failed)}
main{display:grid;gap:1rem;padding:1rem 1.25rem;grid-template-columns:repeat(12,minmax(0,1fr));max-width:90rem;margin:0 auto}
section{grid-column:span 12;background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1rem 1.1rem;min-width:0}
@media(min-width:60rem){.half{grid-column:span 6}}
h2{font-size:1rem;margin:0 0 .25rem}
h3{font-size:.95rem;margin:.9rem 0 .25rem;overflow-wrap:anywhere}
section>p{margin:.1rem 0 .6rem;color:var(--muted)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(7rem,1fr));gap:.75rem;margin:0 0 .75rem;padding:0}
.figures div{border-left:4px solid var(--left);padding-left:.6rem}
.figures dt{color:var(--muted)}.figures dd{margin:0;font-size:1.6rem;line-height:1.2;font-variant-numeric:tabular-nums}
.f-passed{border-color:var(--passed)!important}.f-answered{border-color:var(--answered)!important}.f-refused{border-color:var(--refused)!important}.f-failed{border-color:var(--failed)!important}
.chart{display:block;width:100%;height:9rem;border-bottom:1px solid var(--line)}
.chart path,.spark path{fill:none;stroke:var(--left)}
.chart .c-passed{stroke:var(--passed)}.chart .c-answered{stroke:var(--answered)}.chart .c-refused{stroke:var(--refused)}.chart .c-failed{stroke:var(--failed)}
.spark{width:7.5rem;height:1.25rem;vertical-align:middle}.spark path{stroke:var(--accent)}
.axis{display:flex;justify-content:space-between;margin:.25rem 0 0;color:var(--muted);font-size:.85rem}
.scroll{overflow:auto;max-height:30rem}
thead th{position:sticky;top:0;background:var(--card)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem .75rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:baseline;white-space:nowrap}
td.wide{white-space:normal;min-width:14rem}
th{color:var(--muted);font-weight:600}
tbody th{color:inherit;font-weight:inherit}td code,th code{overflow-wrap:normal}
.n{text-align:right}
code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}
.d-passed{color:var(--passed)}.d-answered{color:var(--answered)}.d-refused{color:var(--refused)}.d-failed{color:var(--failed)}.d-left{color:var(--left)}
.d{font-weight:600}
form.find{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end;margin-bottom:.75rem}.scroll+form{margin-top:.75rem}
form.find label{flex:1 1 14rem}
input{font:inherit;width:100%;min-height:2.25rem;padding:.3rem .6rem;border:1px solid var(--muted);border-radius:.5rem;background:var(--bg);color:var(--text)}
td form{margin:0}
.note{border-left:4px solid var(--refused);padding:.4rem .75rem;color:var(--text)}
footer{padding:0 1.25rem 1.5rem;max-width:90rem;margin:0 auto;color:var(--muted)}
@media(max-width:40rem){header,main{padding:.75rem}main{gap:.75rem}section{padding:.8rem}.phone{display:none}th,td{padding-right:.6rem;font-size:.9rem}.spark{width:4.5rem}#sessions code{overflow-wrap:anywhere}thead th,#sessions th,#sessions td,[data-live=requests] td:nth-child(3),[data-live=upstreams] td,[data-live=limits] th{white-space:normal}}
`
