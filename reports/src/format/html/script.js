// Shows the values at a moment in all charts at once, and sums up a stretch that was selected.
// The page is whole without it: every figure stands in a table, too.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const plots = [...document.querySelectorAll("[data-plot]")];
  const widths = data.end / data.bin * 10;
  const state = { bin: null, from: null, to: null, anchor: null };

  // Times and figures, in the words of the rest of the page.
  const start = bin => Math.min(bin * data.bin, data.end);
  const finish = bin => Math.min((bin + 1) * data.bin, data.end);
  const places = Math.max(1, Math.min(3, Math.ceil(-Math.log10(data.bin))));
  const seconds = value => value.toFixed(places) + " s";
  const millis = value => value == null ? "–"
    : value > 0 && value < 0.1 ? (value * 1000).toFixed(1) + " µs"
    : value < 10 ? value.toFixed(2) + " ms"
    : value < 10000 ? value.toFixed(1) + " ms" : (value / 1000).toFixed(2) + " s";
  const count = value => String(value).replace(/(?<=\d)(?=(\d{3})+$)/g, value < 10000 ? "" : "\u202f");
  const rate = (counts, bin) => {
    const length = finish(bin) - start(bin);
    // A last bin that is a sliver has no rate that means anything.
    if (length < data.bin / 2 && data.bins > 1) return "–";
    const value = (counts[bin] || 0) / Math.max(length, 1e-9);
    return (value >= 100 || value === Math.round(value) ? value.toFixed(0) : value.toFixed(1)) + "/s";
  };
  const at = (spans, moment) => spans.filter(span => span.from <= moment && moment < span.to).map(span => span.name);

  // What each chart says of a bin, in the order of its legend.
  const heat = bin => {
    const rows = data.heat.filter(row => row.counts[bin] > 0);
    if (!rows.length) return "none";
    const most = rows.reduce((a, b) => b.counts[bin] > a.counts[bin] ? b : a);
    const last = rows[rows.length - 1];
    return `most (${count(most.counts[bin])}) in ${millis(most.from)} – ${millis(most.to)}, the longest under ${millis(last.to)}`;
  };
  const breaker = strip => bin => {
    const [from, to] = [start(bin), finish(bin)];
    const states = strip.stretches.filter(s => s[0] < to && s[1] >= from).map(s => s[2]);
    return [...new Set(states)].join(", ") || "–";
  };
  const readers = {
    outcomes: data.outcomes.map(line => bin => rate(line.counts, bin)),
    attempts: data.attempts.map(line => bin => rate(line.counts, bin)),
    response: data.response.map(values => bin => millis(values[bin])),
    heat: [heat],
    tries: [bin => data.tries[0][bin] == null ? "–" : data.tries[0][bin].toFixed(2), bin => count(data.tries[1][bin] ?? 0)],
    flight: [bin => count(data.flight[bin] ?? 0)],
    noise: [bin => millis(data.lag[bin]), bin => data.stall[bin] ? millis(data.stall[bin]) : "none"],
    breakers: data.breakers.map(breaker),
  };
  const values = [...document.querySelectorAll(".value[data-chart]")]
    .map(element => ({ element, read: (readers[element.dataset.chart] || [])[Number(element.dataset.line)] }))
    .filter(value => value.read);

  const momentLine = document.getElementById("moment");
  const stretchBox = document.getElementById("stretch");
  const hint = "Point at a chart, or focus it and press ← →, for the values at a moment. Drag, or hold Shift with ← →, to sum up a stretch.";

  const wording = bin => {
    const middle = (start(bin) + finish(bin)) / 2;
    const faults = at(data.bands, middle);
    return `${seconds(start(bin))} – ${seconds(finish(bin))}, phase ${at(data.phases, middle).join(", ") || "none"}, `
      + (faults.length ? "fault: " + faults.join("; ") : "no fault");
  };
  const summed = (counts, from, to) => counts.slice(from, to + 1).reduce((a, b) => a + b, 0);
  const largest = (list, from, to) => Math.max(...list.slice(from, to + 1).map(value => value ?? 0));
  const quantile = (share, from, to) => {
    const counts = data.heat.map(row => summed(row.counts, from, to));
    const rank = share * counts.reduce((a, b) => a + b, 0);
    let seen = 0;
    for (const [index, value] of counts.entries()) {
      seen += value;
      if (value && seen >= rank) return "under " + millis(data.heat[index].to);
    }
    return "–";
  };

  const term = (list, name, words) => {
    const row = document.createElement("div");
    for (const [kind, text] of [["dt", name], ["dd", words]]) {
      const cell = document.createElement(kind);
      cell.textContent = text;
      row.append(cell);
    }
    list.append(row);
  };
  const showStretch = () => {
    stretchBox.replaceChildren();
    if (state.from === null) return;
    const { from, to } = state;
    const list = document.createElement("dl");
    const all = summed(data.outcomes.reduce((sum, line) => sum.map((value, bin) => value + (line.counts[bin] || 0)),
      new Array(data.bins).fill(0)), from, to);
    term(list, "Selected", `${seconds(start(from))} – ${seconds(finish(to))}: ${count(all)} requests were due`);
    const parts = lines => lines.map(line => [line.name, summed(line.counts, from, to)]).filter(part => part[1])
      .map(part => `${part[0]}: ${count(part[1])}`).join(", ") || "none";
    term(list, "Outcomes", parts(data.outcomes));
    term(list, "Attempts", parts(data.attempts));
    term(list, "Response", `p50 ${quantile(0.5, from, to)}, p99 ${quantile(0.99, from, to)}, max ${millis(largest(data.response[3], from, to))}`);
    term(list, "Per request", `attempts: at most ${largest(data.tries[1], from, to)}; in flight: at most ${largest(data.flight, from, to)}`);
    term(list, "Noise", `driver lag p99 at most ${millis(largest(data.lag, from, to))}, longest stall ${millis(largest(data.stall, from, to))}`);
    const clear = document.createElement("button");
    clear.type = "button";
    clear.textContent = "Clear the selection";
    clear.addEventListener("click", () => select(null, null));
    stretchBox.append(list, clear);
  };

  const show = bin => {
    state.bin = bin;
    const x = (start(bin) + finish(bin)) / 2 / data.end * widths;
    const words = wording(bin);
    momentLine.textContent = words;
    for (const plot of plots) {
      for (const line of plot.querySelectorAll(".cursor")) {
        line.setAttribute("x1", x);
        line.setAttribute("x2", x);
      }
      plot.setAttribute("aria-valuenow", bin);
    }
    for (const { element, read } of values) element.textContent = " " + read(bin);
    const focused = document.activeElement;
    if (focused && focused.dataset.plot) {
      const said = values.filter(value => value.element.dataset.chart === focused.dataset.plot)
        .map(value => value.element.parentElement.textContent.trim());
      focused.setAttribute("aria-valuetext", [words, ...said].join(", "));
    }
  };
  const select = (from, to) => {
    state.from = from === null ? null : Math.min(from, to);
    state.to = from === null ? null : Math.max(from, to);
    const left = from === null ? 0 : start(state.from) / data.end * widths;
    const right = from === null ? 0 : finish(state.to) / data.end * widths;
    for (const area of document.querySelectorAll(".selection")) {
      area.setAttribute("x", left);
      area.setAttribute("width", right - left);
    }
    showStretch();
  };
  const clamp = bin => Math.max(0, Math.min(data.bins - 1, bin));
  const under = (plot, event) => {
    const box = plot.getBoundingClientRect();
    return clamp(Math.floor((event.clientX - box.left) / Math.max(box.width, 1) * data.end / data.bin));
  };

  const keys = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
  const pressed = event => {
    const now = state.bin ?? 0;
    let to;
    if (event.key in keys) to = clamp(now + keys[event.key]);
    else if (event.key === "Home") to = 0;
    else if (event.key === "End") to = data.bins - 1;
    else if (event.key === "Escape") { state.anchor = null; select(null, null); return; }
    else return;
    event.preventDefault();
    show(to);
    if (event.shiftKey) {
      state.anchor = state.anchor ?? now;
      select(state.anchor, to);
    } else {
      state.anchor = null;
    }
  };

  for (const plot of plots) {
    let drag = null;
    plot.setAttribute("role", "slider");
    plot.setAttribute("tabindex", "0");
    plot.setAttribute("aria-valuemin", "0");
    plot.setAttribute("aria-valuemax", data.bins - 1);
    plot.setAttribute("aria-valuenow", "0");
    plot.setAttribute("aria-valuetext", wording(0));
    plot.addEventListener("keydown", pressed);
    plot.addEventListener("focus", () => { if (plot.matches(":focus-visible")) show(state.bin ?? 0); });
    plot.addEventListener("pointerdown", event => {
      if (event.button !== 0) return;
      drag = { bin: under(plot, event), x: event.clientX };
      plot.setPointerCapture(event.pointerId);
      show(drag.bin);
    });
    plot.addEventListener("pointermove", event => {
      const bin = under(plot, event);
      show(bin);
      // A hand that shakes while it clicks selects nothing.
      if (drag && Math.abs(event.clientX - drag.x) > 4) select(drag.bin, bin);
    });
    const over = () => { drag = null; };
    plot.addEventListener("pointerup", over);
    plot.addEventListener("pointercancel", over);
  }
  momentLine.textContent = hint;

  // A link into something folded unfolds it; not every browser does so by itself.
  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    for (let at = target; at; at = at.parentElement) if (at.localName === "details") at.open = true;
    target?.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();

  // On paper everything is unfolded, but for the tables of what the charts show.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open]):not(.data)")];
    for (const folded of opened) folded.open = true;
  });
  addEventListener("afterprint", () => {
    for (const folded of opened) folded.open = false;
  });
})();
