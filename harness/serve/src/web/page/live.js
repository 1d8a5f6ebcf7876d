// What is heard of a firing while it goes on: charts as they grow, phases and faults, what reaches each backend, and how near the
// stop conditions are. Everything here is drawn from the news of the server, and claims nothing that they do not say.
"use strict";

// The standings that are kept: five minutes of two a second.
const POINTS_MAX = 600;
// Cells of a strip at most: the whole run. None is shorter than a second, in which two standings come: a shorter one could be
// empty without any silence. A backend is silent in words after so many seconds.
const CELLS_MAX = 60, SILENCE = 1;

let live = {};

// Takes a piece of news. True if it was a standing, which changes nothing but the live view.
function heardLive({ firing, step }) {
  if (firing === null || !step.runs) return false;
  const kept = live[firing] ??= { points: [], strips: {}, standing: null };
  kept.standing = step;
  const sum = name => step.runs.reduce((sum, run) => sum + (run.live?.exchanges[name] ?? 0), 0);
  kept.points.push({ done: sum("done"), failed: sum("failed"), p99: Math.max(0, ...step.runs.map(run => run.live?.recent.p99_ms ?? 0)) });
  kept.points.splice(0, Math.max(0, kept.points.length - POINTS_MAX));
  for (const run of step.runs) if (run.live) noteArrivals(kept.strips[run.run] ??= {}, run.live);
  drawLive();
  return true;
}

// How a run is divided into cells, and the one of its time.
const cells = state => Math.max(1, Math.min(CELLS_MAX, Math.floor(state.length_seconds)));
const cellAt = (state, seconds) => Math.max(0, Math.min(cells(state) - 1, Math.floor(cells(state) * seconds / Math.max(state.length_seconds, 0.001))));

// Notes what has reached each backend since the last look: in each cell as much as it has of the time between.
function noteArrivals(strips, state) {
  if (state.seconds === null || state.seconds < 0) return;
  const length = Math.max(state.length_seconds, 0.001) / cells(state);
  for (const [backend, total] of Object.entries(state.attempts)) {
    // Who begins to look in the middle of a run has not seen what came before.
    const strip = strips[backend] ??= { cells: [], total, at: state.seconds, grew: state.seconds, first: cellAt(state, state.seconds) };
    const span = state.seconds - strip.at;
    for (let cell = cellAt(state, strip.at); span > 0 && cell <= cellAt(state, state.seconds); cell++) {
      const end = cell === cells(state) - 1 ? Infinity : (cell + 1) * length;
      const share = (Math.min(state.seconds, end) - Math.max(strip.at, cell * length)) / span;
      strip.cells[cell] = (strip.cells[cell] ?? 0) + (total - strip.total) * Math.max(0, share);
    }
    if (total > strip.total) strip.grew = state.seconds;
    strip.total = total;
    strip.at = state.seconds;
  }
}

// What reached each backend over the run so far: where a breaker opens, it falls silent. States are the report's to tell.
function strips(kept, run) {
  const own = kept.strips[run.run] ?? {}, names = Object.keys(own).sort();
  if (!names.length) return null;
  const most = Math.max(1, ...names.flatMap(name => own[name].cells.filter(count => count !== undefined)));
  const now = cellAt(run.live, run.live.seconds);
  const rows = names.map(name => {
    const strip = own[name], silent = run.live.seconds - strip.grew;
    const words = silent >= SILENCE && run.live.stage === "running" ? `silent for ${silent.toFixed(0)} s` : "";
    const bars = [];
    for (let cell = strip.first; cell <= now; cell++) {
      const count = strip.cells[cell] ?? 0, height = Math.max(1, Math.round(18 * count / most));
      bars.push(svg("rect", count >= 1 ? { x: cell * 4, y: 19 - height, width: 3, height } : { class: "silent", x: cell * 4 + 1, y: 17, width: 1, height: 1 }));
    }
    const label = `Arrivals at ${name}: ${strip.total} so far${words && ", " + words}`;
    return el("tr", {}, el("th", { scope: "row" }, name), el("td", { class: "number" }, String(strip.total)),
      el("td", {}, svg("svg", { class: "strip", viewBox: `0 0 ${4 * cells(run.live)} 20`, preserveAspectRatio: "none", role: "img", "aria-label": label }, ...bars)), el("td", {}, words));
  });
  return el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": `Arrivals of ${run.scenario}` }, el("table", { class: "strips" },
    el("thead", {}, el("tr", {}, ["Backend", "Arrivals", "Over the run so far", ""].map(head => head ? el("th", { scope: "col" }, head) : el("td", {})))), el("tbody", {}, rows)));
}

// The phases of a run, as long as they last, with the one that is now.
function phases(state) {
  const items = state.phases.map(phase => {
    const item = el("li", phase.phase === state.phase ? { "aria-current": "step" } : {}, `${phase.phase} ${(phase.to_seconds - phase.from_seconds).toFixed(0)} s`);
    item.style.flexGrow = String(phase.to_seconds - phase.from_seconds);
    return item;
  });
  return el("ol", { class: "phases", "aria-label": "Phases" }, items);
}

function runNow(kept, run) {
  const state = run.live;
  if (!state) return [];
  const seconds = Math.max(0, state.seconds ?? 0);
  const faults = state.faults.map(fault => el("li", {}, el("strong", {}, fault.fault), ` on ${fault.backends.join(", ")} `, el("code", {}, fault.settings)));
  const where = state.phase ? `phase ${state.phase}` : state.stage;
  return [el("h3", {}, `${run.scenario} on ${state.gateway}: ${where}, ${Math.min(seconds, state.length_seconds).toFixed(0)} s of ${state.length_seconds.toFixed(0)} s`),
    phases(state), faults.length ? el("ul", { class: "faults", "aria-label": "Faults in force" }, faults) : el("p", { class: "faint" }, "No fault is in force."),
    strips(kept, run)];
}

// A line of figures a second.
function chart(label, points, unit, cls) {
  const most = Math.max(0, ...points), scale = Math.max(most, 1e-9);
  const path = points.map((value, index) => `${index},${(98 - 96 * value / scale).toFixed(1)}`).join(" ");
  const figure = value => `${value < 10 ? value.toFixed(1).replace(".0", "") : value.toFixed(0)}${unit}`;
  return el("figure", {}, el("figcaption", {}, `${label}: now ${figure(points.at(-1) ?? 0)}, at most ${figure(most)}`),
    svg("svg", { class: "chart", viewBox: `0 0 ${Math.max(1, points.length - 1)} 100`, preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("polyline", { class: cls, points: path })));
}

// How near a condition is to ending the day.
function distance(stop) {
  const nearness = stop.nearness === null ? "not known" : `${Math.round(100 * stop.nearness)} %`;
  return el("tr", {}, el("td", {}, stop.condition), el("td", {}, stop.value),
    el("td", {}, stop.nearness === null ? null : el("meter", { min: "0", max: "1", low: "0.6", high: "0.9", optimum: "0", value: stop.nearness, "aria-label": `How near: ${stop.condition}` }), ` ${nearness}`));
}

function drawLive() {
  const place = $("live"), [kind, id] = location.hash.slice(1).split("/");
  const kept = kind === "firing" && live[id];
  if (!place || !kept?.standing) return;
  // A standing comes twice a second.
  const grown = (name, index) => index ? Math.max(0, 2 * (kept.points[index][name] - kept.points[index - 1][name])) : 0;
  const each = name => kept.points.map((_, index) => grown(name, index));
  place.replaceChildren(el("h2", {}, "What happens"),
    el("div", { class: "charts" }, chart("Answers a second", each("done"), "", ""), chart("Failures a second", each("failed"), "", "bad"),
      chart("p99 of the last seconds", kept.points.map(point => point.p99), " ms", "")),
    ...kept.standing.runs.flatMap(run => runNow(kept, run)).filter(Boolean),
    kept.standing.stops.length ? table("Stop conditions", ["Ends the day", "Now", "How near"], kept.standing.stops.map(distance), "") : "");
}
