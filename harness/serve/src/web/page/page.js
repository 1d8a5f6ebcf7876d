// The page. Every text that comes from the server goes into the document as text, never as markup.
"use strict";

const $ = id => document.getElementById(id);
let session = null, button = null, stream = null;

// An element with attributes and children; functions are listeners, and text stays text.
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const say = text => { $("said").textContent = text; };
const when = time => time ? new Date(time).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" }) : "";
const badge = word => el("span", { class: `badge ${word}` }, word);
const may = role => session && (session.roles.includes(role) || role === "view");
const at = (base, ...parts) => "/api/v1/" + [base, ...parts].map(part => encodeURIComponent(part)).join("/");

async function api(method, path, body) {
  const headers = { accept: "application/json" };
  if (session) headers["x-brownout-csrf"] = session.csrf;
  if (body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  if (answer.status === 204) return null;
  const value = await answer.json().catch(() => ({ detail: `the server answered ${answer.status}` }));
  if (answer.ok) return value;
  if (answer.status === 401 && session) { session = null; start(); }
  throw new Error(value.detail ?? answer.statusText);
}

// Does something that may fail, says what came of it, and shows what is new.
async function attempt(done, deed) {
  try {
    await deed();
    say(done);
    await show(false, true);
  } catch (error) {
    say(`Not done: ${error.message}`);
  }
}

// Asks for a reason; null if it was left.
function reason(title, yes, needed) {
  const dialog = $("reason"), text = $("reason-text");
  $("reason-title").textContent = title;
  $("reason-yes").textContent = yes;
  text.value = "";
  text.required = needed;
  dialog.returnValue = "";
  dialog.showModal();
  text.focus();
  return new Promise(resolve => dialog.addEventListener("close", () => {
    resolve(dialog.returnValue === "yes" ? text.value : null);
  }, { once: true }));
}

async function press() {
  const why = await reason("Stop everything: all runs end, their rollbacks begin, and nothing starts", "Stop everything", true);
  if (why !== null) await attempt("Everything is being stopped.", () => api("POST", at("button"), { why: why || "no reason given" }));
}

function alarm() {
  $("alarm").replaceChildren(...(button ? [
    el("span", {}, `The red button is pressed, by ${button.by} since ${when(button.at)}: ${button.why}. Nothing starts.`),
    may("operate") && el("button", { click: () => attempt("Lifted.", () => api("DELETE", at("button"))) }, "Lift it"),
  ].filter(Boolean) : []));
}

function login() {
  const token = el("input", { id: "token", type: "password", class: "wide", autocomplete: "off", required: true, maxlength: "100" });
  const submit = async event => {
    event.preventDefault();
    try {
      session = await api("POST", at("session"), { token: token.value });
      say("");
      await start();
    } catch (error) { say(`Not logged in: ${error.message}`); }
  };
  $("main").replaceChildren(el("form", { submit }, el("h2", {}, "Log in"),
    el("p", {}, "Your token was printed once by ", el("code", {}, "brownout serve user add"), ". It is kept by nobody else, and not by this page."),
    el("label", { for: "token" }, "Token"), token, el("div", { class: "row" }, el("button", {}, "Log in"))));
  token.focus();
}

const table = (caption, heads, rows, none) => rows.length
  ? el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
      el("table", {}, el("thead", {}, el("tr", {}, heads.map(head => el("th", { scope: "col" }, head)))), el("tbody", {}, rows)))
  : el("p", { class: "faint" }, none);

const firingLink = firing => el("a", { href: `#firing/${firing.id}` }, `${firing.gameday} ${firing.id}`);

function row(firing) {
  return el("tr", {}, el("td", {}, when(firing.due)), el("td", {}, firingLink(firing)), el("td", {}, badge(firing.state)),
    el("td", {}, firing.verdict ? badge(firing.verdict) : "", " ", firing.why), el("td", {}, firing.asked_by ?? "schedule"));
}

// The verdicts of the last firings, the oldest first.
function spark(firings) {
  const ended = firings.filter(firing => firing.state !== "due").slice(0, 16).reverse();
  if (!ended.length) return null;
  const bars = ended.map((firing, index) => svg("rect", { class: firing.verdict ?? "none", x: index * 6, y: firing.verdict ? 0 : 8, width: 5, height: firing.verdict ? 14 : 6 }));
  const label = `The last ${ended.length}: ${ended.map(firing => firing.verdict ?? firing.state).join(", ")}`;
  return svg("svg", { class: "spark", viewBox: "0 0 96 14", role: "img", "aria-label": label }, ...bars);
}

async function overview() {
  const [days, firings, made, trends] = await Promise.all([api("GET", at("gamedays")), api("GET", at("firings") + "?limit=100"), api("GET", at("runs") + "?limit=200"), api("GET", at("profiles"))]);
  const due = firings.filter(firing => firing.state === "due").sort((a, b) => a.due < b.due ? -1 : 1);
  const running = firings.filter(firing => firing.state === "running");
  const past = firings.filter(firing => !["due", "running"].includes(firing.state)).sort((a, b) => a.due < b.due ? 1 : -1);
  const begin = day => async () => {
    const comment = await reason(`Start ${day.name} now`, "Start", false);
    if (comment !== null) await attempt("Asked for.", () => api("POST", at("gamedays", day.name, "firings"), { comment }));
  };
  const heads = ["Due", "Firing", "State", "What came of it", "Asked by"];
  return [
    running.length ? el("section", { "aria-labelledby": "now" }, el("h2", { id: "now" }, "Running now"), running.map(firing =>
      el("p", {}, firingLink(firing), ` since ${when(firing.began)} `))) : null,
    el("section", { "aria-labelledby": "next" }, el("h2", { id: "next" }, "What is next"),
      table("What is next", heads, due.map(row), "Nothing is due.")),
    el("section", { "aria-labelledby": "days" }, el("h2", { id: "days" }, "Game days"), days.map(day =>
      el("article", { class: day.problem ? "card wrong" : "card" },
        el("h3", {}, el("a", { href: `#gameday/${encodeURIComponent(day.name)}` }, day.name), " ", spark(day.recent)),
        el("p", {}, day.title || "Its file has a mistake."), day.problem ? el("pre", {}, day.problem) : null,
        el("p", { class: "faint" }, day.schedule ? `${day.schedule}; next ${when(day.next) || "not foreseen"}` : "Without a schedule."),
        day.undecided ? el("p", {}, "To be decided after ", firingLink({ gameday: day.name, id: day.undecided.firing }), `: ${day.undecided.questions.join(" ")}`) : null,
        may("operate") && !day.problem ? el("button", { click: begin(day), "aria-label": `Start by hand: ${day.name}` }, "Start by hand") : null)),
      days.length ? null : el("p", { class: "faint" }, "There are no files of game days.")),
    el("section", { "aria-labelledby": "past" }, el("h2", { id: "past" }, "History"),
      table("History", heads, past.map(row), "Nothing has happened yet.")),
    runsOverTime(made),
    profiles(trends),
  ];
}

// What gateways really do, as it was discovered over time: how much changed from one profile to the next.
function profiles(trends) {
  if (!trends.length) return null;
  const { shown, open } = stage();
  const rows = trends.flatMap(trend => trend.profiles.map((one, index) => ({ trend, one, before: trend.profiles[index - 1] })).slice(-10).reverse().map(({ trend, one, before }) => {
    const changed = one.changes === null ? one.problem ?? "the first one" : one.changes === 1 ? "1 change" : `${one.changes} changes`;
    const url = before && `${at("profiles", trend.name, "changes")}?before=${encodeURIComponent(before.file)}&after=${encodeURIComponent(one.file)}`;
    return el("tr", {}, el("td", {}, trend.name), el("td", {}, one.file), el("td", {}, `${one.gateway} ${one.version ?? ""}`), el("td", {}, String(one.facts)), el("td", {}, changed),
      el("td", {}, one.changes === null ? "" : el("button", { "aria-label": `What changed from ${before.file} to ${one.file} of ${trend.name}`, click: () => open(`${trend.name}: from ${before.file} to ${one.file}`, url) }, "What changed")));
  }));
  return el("section", { "aria-labelledby": "profiles" }, el("h2", { id: "profiles" }, "What gateways really do"),
    table("What gateways really do", ["Of", "Profile", "Gateway", "Facts", "Since the one before", "Look"], rows, "No profile is kept."), shown);
}

async function gameday(name) {
  const [day, made] = await Promise.all([api("GET", at("gamedays", name)), api("GET", `${at("runs")}?limit=200&gameday=${encodeURIComponent(name)}`)]);
  return [el("h2", {}, day.name), day.problem ? el("pre", {}, day.problem) : null,
    el("p", {}, `Who has to agree: ${day.approvals.join(", ") || "nobody"}.`),
    el("pre", {}, day.plan || "There is no plan."),
    el("section", { "aria-labelledby": "recent" }, el("h2", { id: "recent" }, "Its last firings"),
      table("Its last firings", ["Due", "Firing", "State", "What came of it", "Asked by"], day.recent.map(row), "None.")), runsOverTime(made)];
}

function approval(firing) {
  const mine = firing.roles.filter(role => session.approves_as.includes(role));
  if (firing.state !== "due" || !may("approve") || !mine.length) return null;
  const role = el("select", { id: "role" }, mine.map(role => el("option", {}, role)));
  const comment = el("textarea", { id: "comment", rows: "2", maxlength: "2000" });
  const submit = event => {
    event.preventDefault();
    attempt("Approved.", () => api("POST", at("firings", firing.id, "approvals"), { role: role.value, comment: comment.value, digest: firing.digest }));
  };
  return el("form", { submit }, el("h3", {}, "Approve"), el("label", { for: "role" }, "As"), role,
    el("label", { for: "comment" }, "Comment"), comment, el("div", { class: "row" }, el("button", {}, `Approve as ${session.user}`)));
}

function notes(firing) {
  const text = el("textarea", { id: "note", rows: "2", maxlength: "2000", required: true });
  const submit = event => {
    event.preventDefault();
    attempt("Noted.", () => api("POST", at("firings", firing.id, "notes"), { text: text.value }));
  };
  return el("section", { "aria-labelledby": "notes" }, el("h2", { id: "notes" }, "Notes"),
    el("ul", {}, firing.notes.map(note => el("li", {}, `${when(note.at)}, ${note.user}: ${note.text}`))),
    may("operate") ? el("form", { submit }, el("label", { for: "note" }, "Take a note"), text, el("div", { class: "row" }, el("button", {}, "Note it"))) : null);
}

// Where a page of a report or of a comparison is shown, and what shows one there.
function stage() {
  const shown = el("div", { class: "stage" });
  const open = (title, url) => shown.replaceChildren(el("h3", {}, title), el("iframe", { title, src: url, sandbox: "allow-scripts" }));
  return { shown, open };
}
const reportOf = run => `${at("firings", run.firing, "runs")}/${run.number}/report`;
const compared = (before, after) => `${at("compare")}?before=${before.firing}&before_run=${before.number}&after=${after.firing}&after_run=${after.number}`;
const findings = run => `${run.passed} passed, ${run.inconclusive} proved nothing, ${run.failed} failed`;

function runs(firing, made) {
  const { shown, open } = stage();
  const own = made.filter(run => run.firing === firing.id).sort((one, other) => one.number - other.number);
  const list = own.map(run => {
    const before = made.find(other => other.firing < firing.id && other.scenario === run.scenario && other.gateway === run.gateway);
    return el("tr", {}, el("td", {}, run.scenario), el("td", {}, run.gateway), el("td", {}, run.verdict ? badge(run.verdict) : ""), el("td", {}, findings(run)),
      el("td", {}, el("button", { "aria-label": `Report of run ${run.number}, ${run.scenario}`, click: () => open(`Report of ${run.scenario}`, reportOf(run)) }, "Report"), " ",
        before ? el("button", { "aria-label": `Compare run ${run.number} with the one before`, click: () => open(`Compared with firing ${before.firing}`, compared(before, run)) }, "Compare") : null));
  });
  return el("section", { "aria-labelledby": "runs" }, el("h2", { id: "runs" }, "Runs"),
    table("Runs", ["Scenario", "Gateway", "Verdict", "Findings", "Look"], list, "None has ended yet."), shown);
}

// What came of the runs of one scenario on one gateway, the oldest first: failed on top of what proved nothing on top of passed.
function trend(made) {
  const shown = made.slice(0, 40).reverse();
  const most = Math.max(1, ...shown.map(run => run.passed + run.inconclusive + run.failed));
  const bars = shown.flatMap((run, index) => {
    let y = 24;
    return ["passed", "inconclusive", "failed"].map(kind => {
      const height = 24 * run[kind] / most;
      y -= height;
      return svg("rect", { class: kind, x: index * 6, y, width: 5, height });
    });
  });
  const last = shown.at(-1);
  const label = `Findings of the last ${shown.length} runs, the last with ${findings(last)}`;
  return svg("svg", { class: "trend", viewBox: `0 0 ${6 * Math.max(shown.length, 10)} 24`, role: "img", "aria-label": label }, ...bars);
}

// Runs that were made, by scenario and gateway, any two of which can be compared.
function runsOverTime(made) {
  const groups = Map.groupBy ? Map.groupBy(made, run => `${run.gameday}: ${run.scenario} on ${run.gateway}`) : new Map([["all", made]]);
  const { shown, open } = stage();
  const name = run => `${run.gameday} ${run.firing}.${run.number}, ${when(run.began)}, ${run.scenario} on ${run.gateway}: ${run.verdict || "no verdict"}`;
  const choice = (id, chosen) => el("select", { id, class: "wide" }, made.map((run, index) => el("option", { value: index, selected: index === chosen }, name(run))));
  const before = choice("before", Math.min(1, made.length - 1)), after = choice("after", 0);
  const submit = event => {
    event.preventDefault();
    const [one, other] = [made[before.value], made[after.value]];
    open(`${name(one)}, compared with ${name(other)}`, compared(one, other));
  };
  const rows = [...groups].map(([group, own]) => el("tr", {}, el("td", {}, group), el("td", {}, trend(own)), el("td", {}, own[0].verdict ? badge(own[0].verdict) : "", " ", findings(own[0])), el("td", {}, String(own.length))));
  return el("section", { "aria-labelledby": "made" }, el("h2", { id: "made" }, "Runs that were made"),
    table("Runs that were made", ["Scenario", "Findings over time", "The last", "Runs"], rows, "None has ended yet."),
    made.length > 1 ? el("form", { submit }, el("h3", {}, "Compare any two"), el("label", { for: "before" }, "The earlier one"), before,
      el("label", { for: "after" }, "The later one"), after, el("div", { class: "row" }, el("button", {}, "Compare them"))) : null, shown);
}

async function firing(id) {
  const firing = await api("GET", at("firings", id));
  const steps = firing.began ? await api("GET", at("firings", firing.id, "timeline")) : [];
  const made = await api("GET", `${at("runs")}?limit=200&gameday=${encodeURIComponent(firing.gameday)}`);
  const stop = async () => {
    const why = await reason(`Stop firing ${firing.id} of ${firing.gameday}`, "Stop it", true);
    if (why !== null) await attempt("It is being stopped.", () => api("POST", at("firings", firing.id, "stop"), { why: why || "no reason given" }));
  };
  const active = ["due", "running"].includes(firing.state);
  return [el("h2", {}, `${firing.gameday}, firing ${firing.id} `, badge(firing.state), " ", firing.verdict ? badge(firing.verdict) : null),
    el("p", {}, `Due ${when(firing.due)}, asked for by ${firing.asked_by ?? "its schedule"}${firing.comment ? ": " + firing.comment : "."}`),
    firing.why ? el("p", {}, firing.why) : null,
    firing.missing.length ? el("p", {}, `Missing: ${firing.missing.join(", ")}.`) : null,
    el("div", { class: "row" }, el("a", { href: `#gameday/${encodeURIComponent(firing.gameday)}` }, "What it is"),
      active && may("operate") ? el("button", { click: stop }, firing.state === "due" ? "Call it off" : "Stop it") : null,
      firing.state !== "due" && firing.state !== "running" && firing.began ? el("a", { href: at("firings", firing.id, "bundle"), download: true }, "Bundle") : null),
    el("ul", {}, firing.approvals.map(given => el("li", {}, `${given.user} approved as ${given.role}, ${when(given.at)}${given.comment ? ": " + given.comment : ""}`))),
    approval(firing),
    el("section", { id: "live", "aria-label": "Live" }),
    decisions(firing, steps), notes(firing), runs(firing, made), timeline(steps)];
}

// What is told as it happens.
function heard(told) {
  if (heardLive(told)) return;
  soon();
}

// The steps of a firing, in words.
const timeline = steps => steps.length ? el("section", { "aria-labelledby": "steps" }, el("h2", { id: "steps" }, "Timeline"),
  el("ol", { class: "steps" }, steps.map(step => el("li", {}, el("time", { datetime: step.at }, new Date(step.at).toLocaleTimeString()),
    el("span", {}, `${step.who === "brownout" ? "" : step.who + ": "}${step.text.split("\n")[0]}`))))) : null;

// What has to be decided after a firing, and what was.
function decisions(firing, steps) {
  const questions = steps.flatMap(step => step.event.closed?.decide ?? []);
  if (!questions.length) return null;
  const answers = {};
  for (const step of steps) if (step.event.decided) answers[step.event.decided.question] = step;
  const form = (question, number) => {
    const text = el("textarea", { id: `answer-${number}`, rows: "2", maxlength: "2000", required: true });
    const submit = event => {
      event.preventDefault();
      attempt("Decided.", () => api("POST", at("firings", firing.id, "decisions"), { number, answer: text.value }));
    };
    return el("form", { submit }, el("label", { for: `answer-${number}` }, `What is decided (${number})`), text,
      el("div", { class: "row" }, el("button", { "aria-label": `Decide: ${question}` }, "Decide")));
  };
  const item = (question, index) => {
    const given = answers[question];
    return el("li", {}, el("strong", {}, question), given ? el("p", {}, `${given.event.decided.answer} (${given.who}, ${when(given.at)})`)
      : may("operate") ? form(question, index + 1) : el("p", { class: "faint" }, "Open."));
  };
  return el("section", { "aria-labelledby": "decide" }, el("h2", { id: "decide" }, "To be decided"), el("ol", { class: "questions" }, questions.map(item)));
}

let timer = null, turn = 0, moved = false, acted = false;
const soon = () => { timer ??= setTimeout(() => { timer = null; show().catch(error => say(error.message)); }, 400); };
const isTyping = () => $("main").contains(document.activeElement) && ["TEXTAREA", "SELECT", "INPUT"].includes(document.activeElement.tagName)
  || [...$("main").querySelectorAll("textarea")].some(area => area.value);

// Shows what the address says. What somebody is typing is not taken from under their hands.
async function show(goes = false, did = false) {
  if (!session) return login();
  // Kept until something is shown: a later call may overtake this one.
  moved ||= goes;
  acted ||= did;
  const mine = ++turn;
  const [kind, name] = location.hash.slice(1).split("/");
  let parts;
  try {
    button = await api("GET", at("button"));
    parts = kind === "firing" ? await firing(name) : kind === "gameday" ? await gameday(decodeURIComponent(name)) : await overview();
  } catch (error) {
    if (!session) return;
    parts = [el("p", {}, error.message)];
  }
  if (mine !== turn) return;
  alarm();
  if (!moved && !acted && isTyping()) return soonAgain();
  const isNew = moved;
  moved = acted = false;
  const held = document.activeElement?.getAttribute?.("aria-label") ?? document.activeElement?.textContent;
  const had = $("main").contains(document.activeElement) && document.activeElement !== $("main");
  const frame = !isNew && $("main").querySelector("iframe")?.parentElement;
  const place = frame && [...$("main").querySelectorAll(".stage")].indexOf(frame);
  $("main").replaceChildren(...parts.filter(Boolean));
  if (frame) $("main").querySelectorAll(".stage")[place]?.replaceWith(frame);
  drawLive();
  // The focus stays where it was, by name, also when all around it is new.
  const same = had && [...$("main").querySelectorAll("a, button, [tabindex]")].find(one => (one.getAttribute("aria-label") ?? one.textContent) === held);
  if (isNew) { $("main").focus({ preventScroll: true }); scrollTo(0, 0); } else if (same) same.focus();
}
const soonAgain = () => { clearTimeout(timer); timer = setTimeout(() => { timer = null; show(); }, 3000); };

function listen() {
  stream?.close();
  stream = new EventSource(at("events"));
  stream.addEventListener("message", message => heard(JSON.parse(message.data)));
  stream.addEventListener("behind", soon);
}

async function start() {
  session ??= await api("GET", at("session")).catch(() => null);
  $("who").textContent = session ? `${session.user}: ${session.roles.join(", ")}` : "";
  $("leave").hidden = !session;
  $("red").hidden = !may("operate");
  if (session) listen(); else { stream?.close(); button = null; alarm(); }
  await show(true);
}

$("red").addEventListener("click", press);
$("leave").addEventListener("click", () => attempt("Logged out.", async () => { await api("DELETE", at("session")); session = null; live = {}; await start(); }));
addEventListener("hashchange", () => { if (location.hash !== "#main") { say(""); show(true); } });
start();
